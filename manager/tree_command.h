// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

/// `piman netboot tree NODE`: what a node would be served, and why. Reads the files itself and needs no server.
namespace piman::manager {

/// Runs the command; `arguments` is what stands behind "netboot tree". Exit codes: 0 there are files and all of them
/// can be served, 1 there are none or some can't, 2 wrong usage or a configuration with problems.
int run_netboot_tree(std::span<const char* const> arguments);

}  // namespace piman::manager
