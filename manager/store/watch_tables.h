// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/result.h"
#include "manager/store/database.h"
#include "manager/store/watch_records.h"

/// Rows of the tables of alerts from and to values. Alerts change seldom: statements are made when they are needed.
/// Errors: SQLite's. Thread-safety: none.
namespace piman::manager {

/// Puts, replaces and erases; the caller has begun a transaction.
Result<void> apply_watch_changes(Database& database, const WatchChanges& changes);
/// Everything that is there, oldest first.
Result<WatchChanges> load_watch_tables(Database& database);

}  // namespace piman::manager
