// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "manager/api/json.h"

/// `piman status`: the fleet of a running server as a table in a terminal, or as the server's JSON.
namespace piman::manager {

/// What the exit code says to scripts.
enum StatusExit : int {
  kStatusAllUp = 0,
  kStatusSomeNotUp = 1,
  kStatusUsage = 2,
  kStatusNoServer = 3,
};

/// Runs the command; `arguments` is what stands behind "status". Writes to standard output and standard error.
int run_status(std::span<const char* const> arguments);

/// Pure: the table with its heading. Control bytes from the network are replaced, so that a node can't steer the
/// terminal. `colours` adds ANSI colours to phases, which are always words too.
std::string render_status(const api::FleetView& fleet, bool colours);

}  // namespace piman::manager
