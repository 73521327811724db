// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/flags.h"
#include "manager/ca/certificate.h"

/// What the words of `piman ca` share.
namespace piman::manager::ca {

enum Exit : int { kDone = 0, kFailed = 1, kUsage = 2 };

/// One line on standard error; returns `exit`.
int fail_ca(const std::string& problem, int exit = kFailed);

Flag folder_flag();
Flag help();
/// What each of the words does first. Returns the exit status when there is nothing left to do.
std::optional<int> check(const ParsedFlags& parsed, std::span<const Flag> table, std::string_view usage,
                         std::size_t arguments);
std::optional<Days> days_of(const ParsedFlags& parsed, std::span<const Flag> table);
int fail_days(const ParsedFlags& parsed, std::span<const Flag> table);
/// "2027-11-28".
std::string date_of(WallTime time);

/// `piman ca rotate`, `piman ca revoke`.
int run_rotate(std::span<const char* const> arguments);
int run_revoke(std::span<const char* const> arguments);

}  // namespace piman::manager::ca
