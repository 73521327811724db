// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/clock.h"
#include "manager/api/json.h"

/// `piman targets`: how the scrapes of each node go, and what went wrong last.
namespace piman::manager {

/// Exit codes: ApiExit; 1 when a target is not up.
int run_targets_command(std::span<const char* const> arguments);

/// Pure: the table, targets that are not up first.
std::string render_targets(std::vector<api::TargetView> targets, WallTime now, bool colours);

}  // namespace piman::manager
