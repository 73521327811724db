// SPDX-License-Identifier: Apache-2.0
#include "manager/image_shelf.h"

#include <utility>

#include "common/text.h"
#include "manager/images/image_store.h"

namespace piman::manager {
namespace {

class StoreShelf final : public ImageShelf {
 public:
  explicit StoreShelf(std::string folder) : store_(std::move(folder)) {}

  Result<netboot::install::Image> find(std::string_view name) const override { return store_.look_up(name); }

 private:
  const ImageStore store_;
};

}  // namespace

std::unique_ptr<ImageShelf> make_image_shelf(const std::string& folder) { return std::make_unique<StoreShelf>(folder); }

}  // namespace piman::manager
