// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

namespace piman::manager {

/// `piman image build`: `arguments` are what follows "build". Runs scripts/build_image, which is beside the program
/// (share/piman) or in the source tree that it was built in, and adds what comes out to a store when it has a name.
int run_image_build(std::span<const char* const> arguments);

}  // namespace piman::manager
