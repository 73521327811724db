// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

namespace piman::manager {

/// `piman completion bash|zsh|fish`: prints what a shell completes command lines with. It asks the program itself for
/// commands and flags (`piman help`, `piman COMMAND --help`), and a running server for names of nodes.
int run_completion_command(std::span<const char* const> arguments);

}  // namespace piman::manager
