// SPDX-License-Identifier: Apache-2.0
#include "common/host_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <memory>

#include "common/text.h"

namespace piman {
namespace {

constexpr std::size_t kFirstBufferBytes = 4096;
/// The kernel hands out records in pages of its own: 4 KiB, or 16 KiB on a Pi 5.
constexpr std::size_t kLeastPageBytes = 4096;
/// Hundreds of attributes may be kept open, most of them a number or a word: memory for what they hold, not for a page.
constexpr std::size_t kFirstAttributeBytes = 64;

Error system_error(const std::string& path, int number) {
  return Error{concat("reading ", path, ": ", words_of_errno(number))};
}

/// Whether this error of a descriptor says that what it was opened on is gone.
bool is_gone(int number) {
  return number == ENODEV || number == ENOENT || number == ENXIO || number == ESRCH || number == ESTALE;
}

/// How long a file is shows its first read, in one call into room that need not be kept. Nothing when it does not fit,
/// or can't be read.
std::optional<std::size_t> first_pread(int fd, std::string& buffer) {
  std::array<char, kFirstBufferBytes> room;
  const ::ssize_t got = ::pread(fd, room.data(), room.size(), 0);
  if (got < 0 || static_cast<std::size_t>(got) == room.size()) return std::nullopt;
  const auto length = static_cast<std::size_t>(got);
  buffer.resize(std::max(kFirstAttributeBytes, length + length / 4));  // numbers grow
  std::copy_n(room.data(), length, buffer.begin());
  return length;
}

/// Reads from the start of `fd` until its end. `error_number` is why not; 0 when the file is too long.
Result<std::size_t> pread_all(int fd, const std::string& path, HostFile::Content content, std::string& buffer,
                              int& error_number) {
  const bool one_piece = content == HostFile::Content::kOnePiece;
  std::size_t filled = 0;
  if (buffer.empty() && one_piece) {
    if (const auto length = first_pread(fd, buffer)) return *length;
  }
  if (buffer.empty()) buffer.resize(one_piece ? kFirstAttributeBytes : kFirstBufferBytes);
  for (;;) {
    const ::ssize_t got = ::pread(fd, buffer.data() + filled, buffer.size() - filled, static_cast<::off_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      error_number = errno;
      return tl::unexpected<Error>(system_error(path, error_number));
    }
    const auto length = static_cast<std::size_t>(got);
    const bool had_room = buffer.size() - filled >= kLeastPageBytes;
    filled += length;
    if (length == 0) return filled;
    if (content == HostFile::Content::kShortRecords && had_room && length + kMostShortRecordBytes < kLeastPageBytes) {
      return filled;
    }
    if (filled < buffer.size()) {
      if (one_piece) return filled;
      continue;
    }
    if (buffer.size() >= kMostHostFileBytes) return fail(concat("reading ", path, ": longer than 8 MiB"));
    buffer.resize(std::max(kFirstBufferBytes, buffer.size() * 2));
    // The kernel would make the rest anew, with numbers of another moment and another length: all of it again.
    if (one_piece) filled = 0;
  }
}

}  // namespace

Result<std::string_view> HostFile::read() {
  if (content_ == Content::kMounts && known_length_ && still_holds()) {
    return std::string_view(buffer_).substr(0, *known_length_);
  }
  const bool was_open = fd_.valid();
  int error_number = 0;
  auto content = read_open_file(error_number);
  // What only has no value just now (the speed of a link that is down: EINVAL) stays open.
  if (content || !was_open || !is_gone(error_number)) return content;
  // Kept open over the removal of its device: a new one may have taken the name.
  fd_.reset();
  return read_open_file(error_number);
}

bool HostFile::still_holds() const {
  // The event counts from the last time that this descriptor was asked, so a change during the read is told as well.
  ::pollfd wanted{fd_.get(), POLLPRI, 0};
  return ::poll(&wanted, 1, 0) == 0;
}

Result<std::string_view> HostFile::read_open_file(int& error_number) {
  known_length_.reset();
  if (!fd_.valid()) {
    fd_.reset(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd_.valid()) return tl::unexpected<Error>(system_error(path_, errno));
  }
  const auto length = pread_all(fd_.get(), path_, content_, buffer_, error_number);
  if (!length) return tl::unexpected<Error>(length.error());
  // A copy of such a file, in a tree of another machine, is an ordinary file that tells nothing.
  struct ::statfs status {};
  if (content_ == Content::kMounts && ::fstatfs(fd_.get(), &status) == 0 && status.f_type == PROC_SUPER_MAGIC) {
    known_length_ = *length;
  }
  return std::string_view(buffer_).substr(0, *length);
}

Result<std::string> read_host_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return tl::unexpected<Error>(system_error(path, errno));
  std::string buffer;
  int error_number = 0;
  const auto length = pread_all(fd.get(), path, HostFile::Content::kRecords, buffer, error_number);
  if (!length) return tl::unexpected<Error>(length.error());
  buffer.resize(*length);
  return buffer;
}

std::optional<std::string> read_host_text(const std::string& path) {
  const auto content = read_host_file(path);
  if (!content) return std::nullopt;
  return std::string(trim(*content));
}

std::optional<std::int64_t> read_host_i64(const std::string& path) {
  const auto text = read_host_text(path);
  return text ? parse_i64(*text) : std::nullopt;
}

std::optional<std::uint64_t> read_host_u64(const std::string& path) {
  const auto text = read_host_text(path);
  return text ? parse_u64(*text) : std::nullopt;
}

Result<std::vector<std::string>> list_host_directory(const std::string& path) {
  const std::unique_ptr<::DIR, int (*)(::DIR*)> directory(::opendir(path.c_str()), ::closedir);
  if (!directory) return tl::unexpected<Error>(system_error(path, errno));
  std::vector<std::string> names;
  while (const ::dirent* entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<std::string> read_host_link(const std::string& path) {
  std::array<char, PATH_MAX> target;
  const ::ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
  if (length < 0) return std::nullopt;
  return std::string(target.data(), static_cast<std::size_t>(length));
}

bool host_path_exists(const std::string& path) {
  struct ::stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

std::optional<WallTime> host_path_changed_at(const std::string& path) {
  struct ::stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  const auto since_epoch =
      std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec);
  return WallTime(std::chrono::duration_cast<WallTime::duration>(since_epoch));
}

}  // namespace piman
