// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "common/net_types.h"

/// Columns that several tables have.
namespace piman::manager {

/// A hardware address; nothing when it has not six bytes.
inline std::optional<MacAddress> mac_of(std::span<const std::uint8_t> blob) {
  std::array<std::uint8_t, 6> bytes{};
  if (blob.size() != bytes.size()) return std::nullopt;
  std::copy(blob.begin(), blob.end(), bytes.begin());
  return MacAddress(bytes);
}

}  // namespace piman::manager
