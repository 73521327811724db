// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/clock.h"
#include "common/result.h"
#include "manager/backup/archive_format.h"
#include "manager/config.h"

/// Makes a backup of a site while its server is at work: the database as it is at one moment, the configuration, the
/// inventory, and what else is the site's own. Boot files and images are not in it.
namespace piman::manager {

struct BackupRequest {
  std::string file;         ///< where to; made with a mode of 0600
  bool replaces = false;    ///< may be there already
  std::string config_file;  ///< absolute
  bool with_secrets = false;
  WallTime now;
};

struct BackupReport {
  BackupList list;
  std::uint64_t size = 0;             ///< of the archive
  std::vector<std::string> left_out;  ///< roles of secrets that are there and were not asked for
  bool has_store = false;             ///< there is a database
};

/// The archive has its name only when all of it is on the disk. Errors: the disk's, the database's.
Result<BackupReport> make_backup(const BackupRequest& request, const Config& config);

}  // namespace piman::manager
