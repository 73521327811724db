// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "common/clock.h"
#include "common/result.h"
#include "manager/store/database.h"

/// The tables, version by version, and how a database file is made and brought up to date.
namespace piman::manager {

/// Marks a file as piman's ("PIMA"), in SQLite's application_id.
inline constexpr std::int64_t kApplicationId = 0x50494D41;

/// The file of the database of a store.
inline std::string database_in(const std::string& folder) { return folder + "/piman.db"; }

/// More events than a running manager ever holds back; written in decimals for those who read ids.
inline constexpr std::int64_t kMostUnstoredEvents = 10'000;
/// Where ids of events go on after some of them may have been lost, told of and all. Nobody knows the last one, but ids
/// grow slower than the clock's microseconds: no manager starts, or tells of events, that fast.
std::int64_t last_id_after_loss(std::int64_t last_known, WallTime now);

/// Each step leads from the version that is its index to the next one. Steps that were released never change.
std::span<const char* const> schema_steps();

/// Makes the database at `path`, whole or not at all: a crash half-way leaves no file of that name. `fill` may put rows
/// into it before it gets its name. REQUIRES: there is no such file.
Result<void> make_database(const std::string& path, const std::function<Result<void>(Database&)>& fill = {});
/// The part of it that comes before the name: a whole database beside `path`, under the name that it returns.
Result<std::string> prepare_database(const std::string& path, const std::function<Result<void>(Database&)>& fill);
std::string unfinished_name(const std::string& path);

/// A name in a folder is durable once the folder is.
Result<void> sync_folder_of(const std::string& path);

/// Takes the steps that a database lacks; all of them in one transaction.
Result<void> take_steps(Database& database, std::span<const char* const> steps);

}  // namespace piman::manager
