// SPDX-License-Identifier: Apache-2.0
#include "netboot/tftp/block_source.h"

#include <algorithm>

#include "common/check.h"

namespace piman::netboot::tftp {

Result<void> TextSource::read(std::uint64_t offset, std::span<std::uint8_t> out) {
  PIMAN_CHECK(offset <= text_->size() && out.size() <= text_->size() - offset);
  const auto begin = text_->begin() + static_cast<std::ptrdiff_t>(offset);
  std::copy(begin, begin + static_cast<std::ptrdiff_t>(out.size()), out.begin());
  return {};
}

}  // namespace piman::netboot::tftp
