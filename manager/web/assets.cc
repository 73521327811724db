// SPDX-License-Identifier: Apache-2.0
#include "manager/web/assets.h"

#include <algorithm>
#include <array>

namespace piman::manager::web {

// Not in an unnamed namespace: the bytes are symbols of an assembled file.
namespace embedded {
#include "embedded_assets.inc"
}  // namespace embedded

using embedded::kAssets;

std::span<const Asset> assets() { return kAssets; }

const Asset* find_asset(std::string_view name) {
  const auto found =
      std::find_if(kAssets.begin(), kAssets.end(), [&](const Asset& asset) { return asset.name == name; });
  return found == kAssets.end() ? nullptr : &*found;
}

std::string_view bundle() { return embedded::kBundle; }

}  // namespace piman::manager::web
