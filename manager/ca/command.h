// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

namespace piman::manager {

/// `piman ca init|issue|list`: the certificates of a fleet. `arguments` is what stands behind "ca". Exit status: 0
/// done, 1 it could not be done, 2 wrong usage.
int run_ca_command(std::span<const char* const> arguments);

}  // namespace piman::manager
