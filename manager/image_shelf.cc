// SPDX-License-Identifier: Apache-2.0
#include "manager/image_shelf.h"

#include "common/text.h"

namespace piman::manager {
namespace {

class NoImages final : public ImageShelf {
 public:
  Result<netboot::install::Image> find(std::string_view /*name*/) const override { return fail("no images"); }
};

}  // namespace

std::unique_ptr<ImageShelf> make_image_shelf(const std::string& /*folder*/) { return std::make_unique<NoImages>(); }

}  // namespace piman::manager
