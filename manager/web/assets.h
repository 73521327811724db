// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

/// The page's files as they were embedded at build time (cmake/EmbedAssets.cmake). Constant data: safe from any thread,
/// valid for the life of the program.
namespace piman::manager::web {

struct Asset {
  std::string_view name;  ///< file name: "app.js"
  std::string_view content_type;
  std::string_view sha256;  ///< of the plain bytes, hexadecimal
  std::string_view plain;
  std::string_view gzip;  ///< the same, compressed
};

std::span<const Asset> assets();
/// The asset of that name; nullptr when there is none.
const Asset* find_asset(std::string_view name);
/// Names the whole set; another set of files has another name. It is part of every asset's URL.
std::string_view bundle();

}  // namespace piman::manager::web
