// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "node-agent/collector.h"

/// Swap areas one by one, from swaps under procfs.
namespace piman::agent {

struct SwapArea {
  std::string_view device;  ///< blanks in a file's name stand as \040
  std::string_view type;    ///< "partition", "file"
  std::uint64_t size_bytes = 0, used_bytes = 0;
  std::int64_t priority = 0;
};
/// Takes a line that is not the heading apart; nothing when it is none. Source: proc(5).
std::optional<SwapArea> parse_swap_line(std::string_view line);

Result<std::unique_ptr<Collector>> make_swap_collector(const CollectorContext& context);

}  // namespace piman::agent
