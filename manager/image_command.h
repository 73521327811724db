// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "common/clock.h"
#include "manager/images/image_index.h"

namespace piman::manager {

/// `piman image add|list|rm|default|verify|build`: the images that nodes are installed with. Works on the store's
/// folder, and needs no running server. Returns the exit status: 0 done, 1 refused or failed, 2 wrong usage.
int run_image_command(std::span<const char* const> arguments);

/// What `piman image list` prints. Pure.
std::string render_images(const ImageIndex& index, WallTime now);

}  // namespace piman::manager
