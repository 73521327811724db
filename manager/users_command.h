// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

namespace piman::manager {

/// `piman users set|remove|list`: who may log in on the page. Returns the exit status.
int run_users_command(std::span<const char* const> arguments);

}  // namespace piman::manager
