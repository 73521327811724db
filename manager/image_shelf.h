// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "manager/orders/order_desk.h"

namespace piman::manager {

/// The image store in `folder`, as orders and installs look into it. A store that isn't there yet has no images.
std::unique_ptr<ImageShelf> make_image_shelf(const std::string& folder);

}  // namespace piman::manager
