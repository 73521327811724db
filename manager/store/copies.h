// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/result.h"
#include "manager/store/database.h"

/// Copies of the database: one made while a manager is at work on it, and one made fit to be used again.
namespace piman::manager {

/// Copies the database of a store as it is at one moment to `path`, where nothing may be. What a running manager still
/// gathers in memory (store.journal_delay) is not in it. Errors: there is none, it is damaged, it can't be read.
Result<void> copy_store(const std::string& folder, const std::string& path);

/// Withdraws all orders that are open, in the caller's transaction or in none; returns how many. `why` is their detail.
Result<std::size_t> withdraw_open_orders(Database& database, std::string_view why, WallTime now);

/// What was changed in a copy.
struct RevivedCopy {
  std::size_t withdrawn_orders = 0;
};

/// Checks a copy and makes it what a manager may begin with. The world went on since it was made: orders that were open
/// then were perhaps carried out, so that all are withdrawn, and what the journal says next has ids of its own.
/// `origin` is told in the journal. Errors: damaged, or made by a newer piman.
Result<RevivedCopy> revive_copy(const std::string& path, const std::string& origin, WallTime now);

}  // namespace piman::manager
