// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "node-agent/collector.h"

/// Counters of each mounted XFS file system, from fs/xfs under sysfs.
namespace piman::agent {

inline constexpr std::size_t kXfsCounters = 39;
/// By the order of their families' names. A line that the kernel leaves out counts as zeros.
using XfsStats = std::array<std::uint64_t, kXfsCounters>;
/// Errors: a line that is reported and has not the numbers it should have. Pure.
/// Source: fs/xfs/xfs_stats.c of the kernel.
Result<XfsStats> parse_xfs_stats(std::string_view content);

Result<std::unique_ptr<Collector>> make_xfs_collector(const CollectorContext& context);

}  // namespace piman::agent
