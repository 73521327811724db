// SPDX-License-Identifier: Apache-2.0
#include "manager/image_json.h"

#include <nlohmann/json.hpp>

#include "manager/images/store_files.h"

namespace piman::manager {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const std::string& folder, const StoredImage& image, bool is_default) {
  return {{"name", image.name},
          {"version", image.version},
          {"is_default", is_default},
          {"format", image.format},
          {"architecture", image.architecture},
          {"sha256", image.sha256},
          {"size_bytes", image.size_bytes},
          {"unpacked_bytes", image.unpacked_bytes},
          {"entries", image.entries},
          {"added_at", image.added_at},
          {"path", blob_path(folder, image.sha256)}};
}

std::string dumped(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n'; }

}  // namespace

std::string images_json(const std::string& folder, const ImageIndex& index) {
  const StoredImage* standard = index.default_image();
  Json images = Json::array();
  for (const StoredImage& image : index.images) images.push_back(to_json(folder, image, &image == standard));
  return dumped({{"folder", folder},
                 {"default", index.default_ref ? Json(index.default_ref->to_string()) : Json()},
                 {"images", std::move(images)}});
}

std::string image_json(const std::string& folder, const StoredImage& image, bool is_default) {
  return dumped(to_json(folder, image, is_default));
}

}  // namespace piman::manager
