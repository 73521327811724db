// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "manager/store/journal.h"

/// `piman events`: what happened to nodes, and what happens.
namespace piman::manager {

/// Exit codes: those of ApiExit. With --follow it ends by Ctrl-C, with 0.
int run_events_command(std::span<const char* const> arguments);

/// Pure: a line for each event, with its line end. Columns line up with those of other calls, as far as names are
/// short.
std::string render_events(std::span<const JournalEvent> events, bool colours);

}  // namespace piman::manager
