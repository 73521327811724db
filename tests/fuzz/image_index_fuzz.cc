// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/check.h"
#include "manager/images/image_index.h"

/// The index of an image store: what can be read is byte by byte what would be written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace piman::manager;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto index = parse_image_index(text);
  if (!index) return 0;
  PIMAN_CHECK(format_image_index(*index) == text);
  PIMAN_CHECK(!index->default_image() || index->find(index->default_image()->ref()) == index->default_image());
  return 0;
}
