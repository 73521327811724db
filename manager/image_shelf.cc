// SPDX-License-Identifier: Apache-2.0
#include "manager/image_shelf.h"

#include <utility>

#include "manager/images/image_store.h"

namespace piman::manager {
namespace {

class StoredImages final : public ImageShelf {
 public:
  explicit StoredImages(const std::string& folder) : store_(folder) {}

  Result<netboot::install::Image> find(std::string_view name) const override { return store_.look_up(name); }
  std::shared_ptr<void> hold(const netboot::install::Image& image) const override {
    auto held = store_.hold(image);
    return held ? std::make_shared<ImageHold>(std::move(*held)) : nullptr;
  }
  std::vector<netboot::install::Image> list() const override { return store_.list(); }
  std::optional<netboot::install::Image> default_image() const override { return store_.default_image(); }

 private:
  const ImageStore store_;
};

}  // namespace

std::unique_ptr<ImageShelf> make_image_shelf(const std::string& folder) {
  return std::make_unique<StoredImages>(folder);
}

}  // namespace piman::manager
