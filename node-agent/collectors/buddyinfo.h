// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "node-agent/collector.h"

/// Free memory by the size of its blocks (how fragmented it is), from buddyinfo under procfs.
namespace piman::agent {

struct BuddyLine {
  std::string_view node, zone;        ///< "0", "Normal"
  std::vector<std::uint64_t> blocks;  ///< by size: the n-th are of 2^n pages
};
/// Takes "Node 0, zone Normal 4381 1093 ..." apart; nothing when it is none. Source: proc(5).
std::optional<BuddyLine> parse_buddy_line(std::string_view line);

Result<std::unique_ptr<Collector>> make_buddyinfo_collector(const CollectorContext& context);

}  // namespace piman::agent
