// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "common/clock.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "netboot/asio.h"
#include "netboot/install/session.h"

/// Images on their way through port 4444: raw bytes, no header, the connection's end is the file's. By sendfile(2), so
/// that no byte of an image is ever in our memory; one piece for each client in turn, so that all get the same.
namespace piman::netboot::install {

/// A file that many clients may be sent at the same time.
struct OpenImage {
  UniqueFd file;
  std::uint64_t size_bytes = 0;
};
/// Errors: it can't be opened, is no regular file, or has another size than its record says.
Result<std::shared_ptr<const OpenImage>> open_image(const Image& image);

/// Thread-safety: only on the io_context's thread.
class ImageStreams {
 public:
  /// Tells how a stream stands; must not call back into the streams.
  using Report = std::function<void(std::uint64_t id, StreamState state, std::uint64_t sent_bytes)>;
  ImageStreams(asio::io_context& io, std::size_t piece_bytes, std::chrono::seconds stalled);
  ~ImageStreams();
  ImageStreams(const ImageStreams&) = delete;
  ImageStreams& operator=(const ImageStreams&) = delete;

  /// Ends an earlier stream of that id. `socket` is connected and does not block.
  void start(std::uint64_t id, UniqueFd socket, std::shared_ptr<const OpenImage> image, SteadyTime now);
  void stop(std::uint64_t id);
  /// Looks how the stream stands, and ends those that stall; tells `report` when there is one.
  void look(std::uint64_t id, SteadyTime now, const Report& report);
  std::size_t size() const { return streams_.size(); }

 private:
  struct Stream {
    std::uint64_t id = 0;
    std::uint64_t serial = 0;
    std::unique_ptr<asio::posix::stream_descriptor> socket;
    std::shared_ptr<const OpenImage> image;
    std::uint64_t sent = 0;
    StreamState state = StreamState::kRunning;
    SteadyTime moved_at;
    std::uint64_t moved_bytes = 0;
  };
  Stream* find(std::uint64_t id, std::uint64_t serial);
  void pump();
  void schedule_pump();
  bool send_piece(Stream& stream);
  void wait_for_room(Stream& stream);
  void confirm(Stream& stream);

  asio::io_context& io_;
  const std::size_t piece_bytes_;
  const std::chrono::seconds stalled_;
  std::unordered_map<std::uint64_t, Stream> streams_;
  std::deque<std::pair<std::uint64_t, std::uint64_t>> ready_;  ///< ids and serials with room for a piece
  std::uint64_t last_serial_ = 0;
  bool pump_is_posted_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace piman::netboot::install
