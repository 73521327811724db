// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <string>
#include <string_view>

#include "common/result.h"
#include "common/unique_fd.h"
#include "manager/images/image_index.h"

/// The files of an image store, and in which order they change:
///
///     index             image_index.h; replaced by a rename, never written in place
///     lock              flock: one process at a time changes the index, or adds and removes files
///     blobs/sha256/HEX  images, by their contents; in use while somebody holds a shared flock of one
///     adding/XXXXXX     what `add` is copying; dead when nobody holds its flock
///
/// A blob is there before the index names it, and goes after the index has forgotten it: whatever is cut where, the
/// index names only what is whole. What nobody names is removed by the next one who adds.
namespace piman::manager {

std::string blob_path(const std::string& folder, std::string_view sha256);
std::string adding_folder(const std::string& folder);

/// Held while it lives.
class StoreLock {
 public:
  /// Makes the store's folders if need be. Waits for others up to `patience`.
  static Result<StoreLock> take(const std::string& folder, std::chrono::milliseconds patience);

 private:
  explicit StoreLock(UniqueFd file) : file_(std::move(file)) {}
  UniqueFd file_;
};

/// What tells one version of the index file from another. All zero: there is none.
struct FileStamp {
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t modified_ns = 0, changed_ns = 0;

  static FileStamp of(const struct stat& status);
  bool operator==(const FileStamp&) const = default;
};
/// Errors: anything but that the file is not there.
Result<FileStamp> index_stamp(const std::string& folder);

struct StampedIndex {
  ImageIndex index;
  FileStamp stamp;
};
/// No file is an empty index.
Result<StampedIndex> read_index(const std::string& folder);

/// The lock is there to be held, and is not looked at. When it returns well, the change is on the disk.
Result<void> write_index(const std::string& folder, const ImageIndex& index, const StoreLock& lock);

/// fsync of a folder: what was renamed or removed in it stays so.
Result<void> sync_folder(const std::string& path);

/// Removes what dead processes left behind: copies that were never finished, blobs that no image names.
/// Returns how many files.
Result<std::size_t> remove_leftovers(const std::string& folder, const ImageIndex& index, const StoreLock& lock);

/// "doing PATH: Permission denied"
tl::unexpected<Error> fail_errno(std::string_view doing, std::string_view path);

}  // namespace piman::manager
