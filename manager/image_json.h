// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "manager/images/image_index.h"

/// Images as JSON, for programs that call `piman image`. Pure.
namespace piman::manager {

/// {"folder": ..., "default": ..., "images": [...]}
std::string images_json(const std::string& folder, const ImageIndex& index);
std::string image_json(const std::string& folder, const StoredImage& image, bool is_default);

}  // namespace piman::manager
