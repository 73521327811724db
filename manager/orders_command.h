// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

/// `piman restart`, `piman reinstall`, `piman power on|off|cycle` and `piman actions`: orders to a running server.
/// Exit codes: 0 done (or taken, without --wait), 1 refused, 2 wrong usage, 3 no server answers, and with --wait 10 and
/// the number of nodes that failed (110 at most).
namespace piman::manager {

int run_restart(std::span<const char* const> arguments);
int run_reinstall(std::span<const char* const> arguments);
/// `word` is "on", "off" or "cycle".
int run_power_order(const char* word, std::span<const char* const> arguments);
int run_actions_command(std::span<const char* const> arguments);

}  // namespace piman::manager
