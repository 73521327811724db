// SPDX-License-Identifier: Apache-2.0
#include "netboot/install/image_streams.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/text.h"

namespace piman::netboot::install {
namespace {

/// Pieces sent at one go, before DHCP, TFTP and timers on this thread have their turn.
constexpr int kPiecesAtOnce = 32;
/// Enough for a gigabit with the delay of a local network. Let alone, the kernel lets some buffers grow far more than
/// others, and nobody gets the same.
constexpr int kSendBufferBytes = 256 * 1024;

}  // namespace

Result<std::shared_ptr<const OpenImage>> open_image(const Image& image) {
  auto open = std::make_shared<OpenImage>();
  open->file.reset(::open(image.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!open->file.valid()) {
    return fail(concat("opening ", image.path, ": ", std::strerror(errno)));  // NOLINT(concurrency-mt-unsafe)
  }
  struct stat status {};
  if (::fstat(open->file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return fail(concat(image.path, " is no regular file"));
  }
  open->size_bytes = static_cast<std::uint64_t>(status.st_size);
  if (open->size_bytes != image.size_bytes) {
    return fail(concat(image.path, " has ", open->size_bytes, " bytes, its record says ", image.size_bytes));
  }
  ::posix_fadvise(open->file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  return open;
}

ImageStreams::ImageStreams(asio::io_context& io, std::size_t piece_bytes, std::chrono::seconds stalled)
    : io_(io), piece_bytes_(piece_bytes), stalled_(stalled) {}

ImageStreams::~ImageStreams() { *alive_ = false; }

ImageStreams::Stream* ImageStreams::find(std::uint64_t id, std::uint64_t serial) {
  const auto found = streams_.find(id);
  return found == streams_.end() || found->second.serial != serial ? nullptr : &found->second;
}

void ImageStreams::start(std::uint64_t id, UniqueFd socket, std::shared_ptr<const OpenImage> image, SteadyTime now) {
  stop(id);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &kSendBufferBytes, sizeof kSendBufferBytes);
  Stream& stream = streams_[id];
  stream.id = id;
  stream.serial = ++last_serial_;
  stream.socket = std::make_unique<asio::posix::stream_descriptor>(io_, socket.release());
  stream.image = std::move(image);
  stream.moved_at = now;
  ready_.emplace_back(id, stream.serial);
  schedule_pump();
}

void ImageStreams::stop(std::uint64_t id) { streams_.erase(id); }

void ImageStreams::schedule_pump() {
  if (pump_is_posted_ || ready_.empty()) return;
  pump_is_posted_ = true;
  asio::post(io_, [this, alive = alive_] {
    if (*alive) pump();
  });
}

void ImageStreams::pump() {
  pump_is_posted_ = false;
  for (int piece = 0; piece < kPiecesAtOnce && !ready_.empty(); ++piece) {
    const auto [id, serial] = ready_.front();
    ready_.pop_front();
    Stream* stream = find(id, serial);
    if (stream == nullptr) continue;
    if (send_piece(*stream)) ready_.emplace_back(id, serial);
  }
  schedule_pump();
}

/// Whether there may be room for one more.
bool ImageStreams::send_piece(Stream& stream) {
  const std::uint64_t left = stream.image->size_bytes - stream.sent;
  if (left > 0) {
    auto offset = static_cast<off_t>(stream.sent);
    const ssize_t sent = ::sendfile(stream.socket->native_handle(), stream.image->file.get(), &offset,
                                    static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes_, left)));
    if (sent < 0 && errno == EINTR) return true;
    if (sent < 0 && errno == EAGAIN) {
      wait_for_room(stream);
      return false;
    }
    if (sent <= 0) {  // the client is gone, or somebody has cut the file short
      stream.state = StreamState::kCut;
      stream.socket.reset();
      return false;
    }
    stream.sent += static_cast<std::uint64_t>(sent);
  }
  if (stream.sent < stream.image->size_bytes) return true;
  ::shutdown(stream.socket->native_handle(), SHUT_WR);
  confirm(stream);
  return false;
}

void ImageStreams::wait_for_room(Stream& stream) {
  stream.socket->async_wait(asio::posix::stream_descriptor::wait_write,
                            [this, alive = alive_, id = stream.id, serial = stream.serial](const error_code& problem) {
                              if (!*alive || problem || find(id, serial) == nullptr) return;
                              ready_.emplace_back(id, serial);
                              schedule_pump();
                            });
}

/// After the last byte: the client's kernel has acknowledged them all, and the end.
void ImageStreams::confirm(Stream& stream) {
  int unacknowledged = 0;
  int problem = 0;
  socklen_t size = sizeof problem;
  const int fd = stream.socket->native_handle();
  const bool is_broken = ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size) != 0 || problem != 0 ||
                         ::ioctl(fd, SIOCOUTQ, &unacknowledged) != 0;
  if (is_broken) {
    stream.state = StreamState::kCut;
    stream.socket.reset();
  } else if (unacknowledged == 0) {
    stream.state = StreamState::kComplete;
    stream.socket.reset();
  }
}

void ImageStreams::look(std::uint64_t id, SteadyTime now, const Report& report) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  Stream& stream = found->second;
  if (stream.state == StreamState::kRunning) {
    if (stream.sent == stream.image->size_bytes && stream.image->size_bytes > 0) confirm(stream);
    if (stream.sent != stream.moved_bytes) {
      stream.moved_bytes = stream.sent;
      stream.moved_at = now;
    }
    if (stream.state == StreamState::kRunning && now - stream.moved_at >= stalled_) {
      stream.state = StreamState::kCut;
      stream.socket.reset();
    }
  }
  report(id, stream.state, stream.sent);
}

}  // namespace piman::netboot::install
