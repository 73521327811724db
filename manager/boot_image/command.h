// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

namespace piman::manager {

/// `piman boot-image build|sign|verify`. Returns the exit status: 0 done, 1 failed, 2 wrong usage.
int run_boot_image_command(std::span<const char* const> arguments);

/// `piman netboot import`: `arguments` are what follows "import".
int run_netboot_import(std::span<const char* const> arguments);

}  // namespace piman::manager
