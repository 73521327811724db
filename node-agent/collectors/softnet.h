// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "node-agent/collector.h"

/// How each CPU takes packets off the network devices, from net/softnet_stat under procfs.
namespace piman::agent {

/// One line of hexadecimal numbers, of one CPU that is online. Source: net/core/net-procfs.c of the kernel.
struct SoftnetLine {
  std::uint64_t processed = 0, dropped = 0, squeezed = 0;
  std::optional<std::uint64_t> cpu;  ///< kernels since 5.10 say whose line it is
};
/// Nothing when there are fewer than the nine numbers of the oldest kernels. Pure.
std::optional<SoftnetLine> parse_softnet_line(std::string_view line);

Result<std::unique_ptr<Collector>> make_softnet_collector(const CollectorContext& context);

}  // namespace piman::agent
