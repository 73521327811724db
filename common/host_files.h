// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/result.h"
#include "common/unique_fd.h"

/// Small kernel files, read with as few system calls as can be.
namespace piman {

/// Files longer than this are refused: nothing under the kernel's trees that we read comes near.
inline constexpr std::size_t kMostHostFileBytes = 8 * 1024 * 1024;

inline constexpr std::size_t kMostShortRecordBytes = 512;

/// A file that is read again and again. It stays open between reads, each of which is one pread from the start; the
/// kernel makes the content anew for it. A file that vanished is opened again at the next read.
/// Thread-safety: none.
class HostFile {
 public:
  enum class Content {
    kRecords,       ///< comes record by record (most of procfs): a short read is not the end, one more read tells
    kShortRecords,  ///< the same with records of less than kMostShortRecordBytes: a read that leaves more of a page
                    ///< free than that was the last one, and the kernel need not walk its tables again to say so
    kOnePiece,      ///< the kernel makes it as a whole (sysfs attributes, stat, meminfo): one read is enough
    kMounts,        ///< records that the kernel tells the changes of (proc(5), /proc/PID/mounts): read again only then
  };
  explicit HostFile(std::string path, Content content = Content::kRecords)
      : path_(std::move(path)), content_(content) {}

  /// The whole content, valid until the next read. Errors name the path.
  Result<std::string_view> read();
  const std::string& path() const { return path_; }

 private:
  Result<std::string_view> read_open_file(int& error_number);
  /// Whether the kernel says that what was read last still holds.
  bool still_holds() const;

  std::string path_;
  Content content_;
  UniqueFd fd_;
  std::string buffer_;
  std::optional<std::size_t> known_length_;  ///< of a kMounts file, where its changes are told
};

/// The content of a file that is read once. Errors name the path; EAGAIN and EIO of odd drivers are errors, not loops.
Result<std::string> read_host_file(const std::string& path);
/// The trimmed content; nothing when it can't be read.
std::optional<std::string> read_host_text(const std::string& path);
/// The trimmed content as a whole number; nothing when it can't be read or is none.
std::optional<std::int64_t> read_host_i64(const std::string& path);
std::optional<std::uint64_t> read_host_u64(const std::string& path);
/// Names in a directory without "." and "..", sorted. Errors name the path.
Result<std::vector<std::string>> list_host_directory(const std::string& path);
/// What a symbolic link says; nothing when it is none.
std::optional<std::string> read_host_link(const std::string& path);
bool host_path_exists(const std::string& path);
/// When the content changed (of a directory: its entries), by the system's clock; nothing when there is no such path.
std::optional<WallTime> host_path_changed_at(const std::string& path);

}  // namespace piman
