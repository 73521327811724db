// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

/// What a backup looks like: a tar archive (POSIX ustar), so that anybody can unpack it, whose first file lists the
/// others with their sums. The list says every byte of the archive: whoever reads one compares, and guesses nothing.
/// Pure.
namespace piman::manager {

struct BackupFile {
  std::string role;  ///< what it is: "store", or the key of the configuration that names it
  std::uint32_t mode = 0600;
  std::uint64_t size = 0;
  std::string sha256;  ///< 64 lower-case digits

  bool operator==(const BackupFile&) const = default;
};

struct BackupList {
  std::int64_t made = 0;  ///< Unix time
  std::string version;    ///< of piman
  std::vector<BackupFile> files;

  bool operator==(const BackupList&) const = default;
};

inline constexpr std::size_t kMostListBytes = 64UL * 1024;
inline constexpr std::size_t kMostBackupFiles = 200;
/// What an ustar header can say, less one.
inline constexpr std::uint64_t kMostBackupFileBytes = (1ULL << 33U) - 1;

/// Whether a role may stand in a list: letters, digits, "._-", at most 80.
bool is_role(std::string_view role);
std::string to_text(const BackupList& list);
Result<BackupList> parse_backup_list(std::string_view text);

inline constexpr std::size_t kTarBlock = 512;
/// The archive ends in two empty blocks.
inline constexpr std::size_t kTarEnd = 2 * kTarBlock;
inline constexpr std::string_view kListRole = "LIST";

/// The header of one file, which is called "piman-backup/ROLE" in the archive. REQUIRES: is_role(role).
std::string tar_header(const BackupFile& file, std::int64_t made);
/// The length that a header says; nothing where that is no number.
std::optional<std::uint64_t> size_in_header(std::string_view header);
/// How many empty bytes follow a file.
std::size_t padding_after(std::uint64_t size);

}  // namespace piman::manager
