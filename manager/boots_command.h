// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "manager/api/boot_json.h"

/// `piman boots NODE`: a machine's last boots, and one of them from message to message.
namespace piman::manager {

/// Runs the command; `arguments` is what stands behind "boots". Exit codes: ApiExit; 1 when the last boot did not go
/// well.
int run_boots_command(std::span<const char* const> arguments);

/// Pure: a table of all boots, and the timeline of the `shown`-th, of which 1 is the newest.
/// REQUIRES: there is such a boot.
std::string render_boots(const api::BootsView& view, std::size_t shown, bool colours);

}  // namespace piman::manager
