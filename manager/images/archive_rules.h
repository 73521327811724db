// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/result.h"

/// What the archive of a root file system may hold, and must. Pure: entries in, words out.
///
/// The installer unpacks it as root with busybox's tar, into the root of the node mounted somewhere: "/" is another
/// file system at that time. So a link to /etc is harmless in the running system, and not to be written through
/// meanwhile.
namespace piman::manager {

struct ArchiveEntry {
  enum class Type { kFile, kFolder, kSymlink, kHardlink, kDevice, kFifo, kOther };
  std::string path;  ///< as the archive spells it
  Type type = Type::kFile;
  std::string target;  ///< of a link
  std::uint64_t size_bytes = 0;
  bool is_executable = false;
  bool is_sparse = false;  ///< has holes that are not in the archive
};

struct ArchiveLimits {
  std::uint64_t most_entries = 2'000'000;
  std::uint64_t most_unpacked_bytes = 64ULL << 30U;
  std::uint64_t most_path_bytes = 256ULL << 20U;  ///< of all paths and targets together: they are kept in memory
};

/// Sees the entries in their order. Thread-safety: none.
class ArchiveRules {
 public:
  explicit ArchiveRules(ArchiveLimits limits) : limits_(limits) {}

  /// Errors: the entry and what is wrong with it.
  Result<void> see(const ArchiveEntry& entry);
  /// Whether what was seen can be a root file system. Errors: what it lacks.
  Result<void> finish() const;

  std::uint64_t entries() const { return entries_; }

 private:
  struct Seen {
    ArchiveEntry::Type type = ArchiveEntry::Type::kFolder;  ///< never kHardlink
    bool is_executable = false;
    std::string target;
  };
  /// Whose "/" absolute links are followed from.
  enum class Links { kOfRunningSystem, kOfInstaller };

  const Seen* find(const std::string& path) const;
  std::optional<std::string> resolve(std::string_view path, Links links) const;
  Result<std::string> place_of(const std::string& path) const;
  Result<Seen> judged(const std::string& path, const ArchiveEntry& entry) const;
  Result<void> check_replaced(const std::string& path, const Seen& fresh) const;
  bool is_program(const std::string& path, Links links) const;
  bool has_init(const std::string& root) const;
  std::string only_top_folder() const;

  ArchiveLimits limits_;
  std::unordered_map<std::string, Seen> seen_;  ///< by where it lies when the links before it are followed
  std::uint64_t entries_ = 0, path_bytes_ = 0, file_bytes_ = 0, firmware_bytes_ = 0;
};

/// "./usr//bin/" is "usr/bin"; "." is "". Errors: absolute, with "..", too long.
Result<std::string> normal_path(std::string_view path);

}  // namespace piman::manager
