// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

/// `piman backup FILE` and `piman restore FILE`. Both work on the files themselves; the first one beside a server at
/// work, the second one never.
namespace piman::manager {

/// `arguments` is what stands behind the command. Exit codes: 0 done, 1 not done, 2 wrong usage or a configuration with
/// problems.
int run_backup(std::span<const char* const> arguments);
int run_restore(std::span<const char* const> arguments);

/// What a server does before it reads its configuration: makes an interrupted restore whole. Returns false when that
/// can't be done, having said why on standard error.
bool is_free_of_restores(const char* config_file);

}  // namespace piman::manager
