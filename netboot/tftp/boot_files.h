// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <ctime>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"
#include "netboot/tftp/boot_tree.h"

/// Opens what a name stands for in a client's tree, jailed to the boot root by the kernel (openat2, RESOLVE_BENEATH):
/// no name and no symbolic link leads out, whatever a path check of ours might overlook.
namespace piman::netboot::tftp {

/// Tells one content of one file from every other.
struct FileIdentity {
  std::uint64_t device = 0, inode = 0, size_bytes = 0;
  std::int64_t modified_ns = 0, changed_ns = 0;  ///< since 1970
  auto operator<=>(const FileIdentity&) const = default;
};
/// Errors: the descriptor is no regular file.
Result<FileIdentity> identify(int fd);

enum class FileFault {
  kNotFound,   ///< no layer has it, or what has its name is no regular file
  kBadName,    ///< normalise refused it
  kForbidden,  ///< the server may not read it, or a link leads out of the root
  kTooLarge,
  kUnreadable,  ///< the disk or the descriptor table failed
  kBadTemplate,
};
/// "not_found", "bad_name", ...: the outcome of a TransferEvent.
std::string_view word(FileFault fault);

struct Fault {
  FileFault kind = FileFault::kNotFound;
  std::string detail;  ///< what exactly, for the log
  std::string path;    ///< the file that is to blame, relative to the root; may be empty
};

struct FoundFile {
  UniqueFd fd;
  FileIdentity identity;
  LayerKind layer{};
  bool is_template = false;
  std::string name;  ///< normalised, without prefix
  std::string path;  ///< relative to the root
};

/// A candidate of a name that is really there.
struct Presence {
  Candidate candidate;
  std::uint64_t size_bytes = 0;
  std::string fault;  ///< why it can't be served; empty when it can
};

/// Thread-safety: const methods may be called from any thread at the same time; there is no state but the root.
class BootFiles {
 public:
  static constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 30;

  /// Errors: no such directory; a kernel before 5.6 or a sandbox without openat2.
  static Result<BootFiles> open(const std::string& root, BootTreeSettings settings,
                                std::uint64_t max_file_bytes = kMaxFileBytes);

  tl::expected<FoundFile, Fault> find(std::string_view requested, const Host& host) const;

  /// All candidates of a normalised name that exist, the one that is served first.
  std::vector<Presence> find_all(std::string_view name, const Host& host) const;
  /// Calls `on_file` with each file's and link's path below a directory of the root (as "overlays/README", without
  /// `directory`). A directory that is not there has none. Stops when `on_file` says false. It goes 16 levels deep, and
  /// through one link to a directory: links that lead in circles would never end.
  void walk(const std::string& directory, const std::function<bool(const std::string& name)>& on_file) const;

  const BootTreeSettings& settings() const { return settings_; }
  const std::string& root() const { return root_; }

 private:
  BootFiles(std::string root, UniqueFd fd, BootTreeSettings settings, std::uint64_t max_file_bytes);
  tl::expected<FoundFile, Fault> open_candidate(const Candidate& candidate) const;
  struct WalkState {
    unsigned depth = 0;
    bool below_link = false;
  };
  bool walk_below(const std::string& directory, const std::string& name, WalkState state,
                  const std::function<bool(const std::string& name)>& on_file) const;

  std::string root_;
  UniqueFd fd_;
  BootTreeSettings settings_;
  std::uint64_t max_file_bytes_;
};

/// All of a found file. For templates and other small texts. Errors: more than `max_bytes`; can't be read.
Result<std::string> read_whole(const FoundFile& file, std::size_t max_bytes);

}  // namespace piman::netboot::tftp
