// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"
#include "common/unique_fd.h"

/// Files that are written whole and durably, or not at all. Errors name the path.
namespace piman::manager {

/// A file under way, which belongs to its writer alone until finish() gives it its mode.
class UnfinishedFile {
 public:
  /// Anything of that name is replaced.
  static Result<UnfinishedFile> open(const std::string& path);
  Result<void> write(std::string_view bytes);
  /// On the disk from here on. Of root, it goes to whom `owner_of` belongs (a file or a folder).
  Result<void> finish(std::uint32_t mode, const std::string& owner_of);
  const std::string& path() const { return path_; }

 private:
  UnfinishedFile(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  std::string path_;
  UniqueFd fd_;
};

/// Bytes of a file one after another.
class OldFile {
 public:
  static Result<OldFile> open(const std::string& path);
  /// At most `most` bytes; empty at the end.
  Result<std::string> read(std::size_t most);
  /// Exactly so many, or an error that says that the file ends too early.
  Result<std::string> read_exactly(std::size_t size);

 private:
  OldFile(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  std::string path_;
  UniqueFd fd_;
};

bool file_exists(const std::string& path);
std::string folder_of(const std::string& path);
/// Of root: gives what it made to whom `owner_of` belongs. Of others nothing, as nothing else is theirs to give.
Result<void> give_to_owner_of(const std::string& path, const std::string& owner_of);

}  // namespace piman::manager
