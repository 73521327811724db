// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

namespace piman::manager {

/// `piman init`: asks a few questions, looks at this machine and its wires, writes a configuration. `arguments` is what
/// stands behind "init".
int run_init_command(std::span<const char* const> arguments);

}  // namespace piman::manager
