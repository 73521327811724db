// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "manager/backup/backup.h"
#include "manager/backup/restore.h"

/// What `piman backup` and `piman restore` did, as JSON for programs. Pure.
namespace piman::manager {

/// {"file": ..., "made": ..., "version": ..., "size_bytes": ..., "files": [...], "left_out": [...]}
std::string backup_json(const std::string& file, const BackupReport& report);
/// {"file": ..., "made": ..., "version": ..., "restored": ..., "withdrawn_orders": ..., "files": [...]}
std::string restore_json(const std::string& file, const RestoreReport& report, bool was_restored);

}  // namespace piman::manager
