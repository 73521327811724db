// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/log.h"
#include "common/shutdown.h"
#include "manager/config.h"

/// The manager as a running service: makes every part, ties them together and holds them until a signal.
namespace piman::manager {

/// Runs until SIGTERM or SIGINT, then stops within 2 seconds. SIGHUP reads the inventory and the web configuration
/// again. Returns the program's exit status: 0, or 1 after a start-up failure, which is printed to standard error.
/// REQUIRES: `signals` was made before any thread.
int run_server(const Config& config, Logger& log, const ShutdownSignals& signals);

}  // namespace piman::manager
