// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

/// `piman hosts add`, `remove` and `list`: the inventory file, with or without a server that runs. A server notices the
/// change by itself.
namespace piman::manager {

/// Each gets what stands behind its word. Exit codes: 0 done, 1 refused, 2 wrong usage.
int run_hosts_add(std::span<const char* const> arguments);
int run_hosts_remove(std::span<const char* const> arguments);
int run_hosts_list(std::span<const char* const> arguments);

}  // namespace piman::manager
