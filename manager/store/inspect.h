// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "common/result.h"
#include "manager/store/database.h"

/// What stands in the file of the database: one of ours that is whole, one that is damaged, or one that is not ours to
/// judge.
namespace piman::manager {

struct Inspection {
  std::optional<Database> database;  ///< nothing: it is damaged
  std::string damage;                ///< why, in words
  bool was_read_wholly = true;       ///< it took too long, and was believed unread
  bool lost_changes = false;         ///< it is whole, and an older one: its journal was damaged
};

/// Opens what make_database() made, reads all of it, and takes the steps that it lacks. Nothing in a damaged file is
/// changed. Errors: what is no damage, or could be something else: missing, may not be written, a disk that can't be
/// read, another program's, made by a newer piman.
Result<Inspection> inspect_database(const std::string& path);

/// The same where damage is an error, too.
Result<Database> open_database(const std::string& path);

}  // namespace piman::manager
