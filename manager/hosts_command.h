// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "manager/api/boot_json.h"

/// `piman hosts`: the inventory file, machines that are not in it, and how they get there.
namespace piman::manager {

/// Runs the command; `arguments` is what stands behind "hosts". Exit codes: ApiExit; pending: 1 when somebody waits.
int run_hosts_command(std::span<const char* const> arguments);

/// Pure: the table.
std::string render_pending(const api::PendingView& view);

}  // namespace piman::manager
