// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "node-agent/collector.h"

/// Network traffic by device, from net/dev under procfs.
namespace piman::agent {

/// One device line of net/dev: 8 receive numbers, then 8 transmit numbers. Source: proc(5).
struct NetdevLine {
  std::string_view device;
  std::array<std::uint64_t, 16> numbers{};
};
/// Nothing for a heading line or a cut one.
std::optional<NetdevLine> parse_netdev_line(std::string_view line);

Result<std::unique_ptr<Collector>> make_netdev_collector(const CollectorContext& context);

}  // namespace piman::agent
