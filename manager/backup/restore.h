// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/result.h"
#include "manager/backup/archive_format.h"

/// Puts a backup back: every byte of it is checked before anything is changed, all files change together, and what was
/// there is kept beside them.
namespace piman::manager {

struct RestoreRequest {
  std::string file;
  std::string config_file;    ///< absolute; where the configuration goes, and what relative paths are relative to
  bool keeps_config = false;  ///< the configuration that is there stays, and says where the rest goes
  bool only_checks = false;   ///< reads all of it, and changes nothing
  WallTime now;
};

struct RestoredFile {
  enum class State : std::uint8_t {
    kNew,       ///< there was none
    kReplaced,  ///< `kept_as` is what was there
    kSame,      ///< there was the same
    kLeft,      ///< not put back: the configuration has no place for it, or is to be kept
  };
  std::string role, path;
  State state = State::kLeft;
  std::string kept_as;
};
std::string_view to_string(RestoredFile::State state);

struct RestoreReport {
  BackupList list;
  std::vector<RestoredFile> files;
  std::size_t withdrawn_orders = 0;
  bool finished_earlier = false;  ///< an interrupted restore was finished first
};

/// Errors: a server runs on the store; the archive is damaged; the configuration in it has problems; the disk's. After
/// an error before the point of no return nothing is changed; after it the next restore or start of the server goes on.
Result<RestoreReport> restore_backup(const RestoreRequest& request);

}  // namespace piman::manager
