// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "common/result.h"
#include "manager/backup/archive_format.h"
#include "manager/backup/file_io.h"

/// A backup, read once from front to back. Every byte is compared with what its list says that it must be.
namespace piman::manager {

class BackupArchive {
 public:
  using Put = std::function<Result<void>(std::string_view bytes)>;

  /// Reads the list. Errors, here and below: it can't be read, is cut off, damaged, or no backup.
  static Result<BackupArchive> open(const std::string& path);
  const BackupList& list() const { return list_; }

  /// The next file of the list to `put`, piece by piece. What came is to be believed only when this has returned well.
  Result<void> next(const BackupFile& file, const Put& put);
  Result<void> expect_end();

 private:
  BackupArchive(std::string path, OldFile file) : path_(std::move(path)), file_(std::move(file)) {}
  tl::unexpected<Error> damaged() const;
  Result<void> expect_empty(std::size_t size);

  std::string path_;
  OldFile file_;
  BackupList list_;
};

}  // namespace piman::manager
