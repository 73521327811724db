// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "common/result.h"
#include "manager/store/database.h"

/// The tables, version by version, and how a database file is made, recognised and brought up to date.
namespace piman::manager {

/// Marks a file as piman's ("PIMA"), in SQLite's application_id.
inline constexpr std::int64_t kApplicationId = 0x50494D41;

/// Each step leads from the version that is its index to the next one. Steps that were released never change.
std::span<const char* const> schema_steps();

/// Makes the database at `path`, whole or not at all: a crash half-way leaves no file of that name.
/// REQUIRES: there is no such file.
Result<void> make_database(const std::string& path);

/// Opens what make_database() made, checks that it is whole and piman's, and takes the steps that it lacks.
/// Errors: missing, no database, another program's, damaged, or made by a newer piman. Nothing is repaired or replaced:
/// who has which address must not be forgotten without a person's knowledge.
Result<Database> open_database(const std::string& path);

/// The part of open_database() that takes steps; all of them in one transaction.
Result<void> take_steps(Database& database, std::span<const char* const> steps);

}  // namespace piman::manager
