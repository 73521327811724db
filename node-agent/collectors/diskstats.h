// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "node-agent/collector.h"

/// Block device traffic, from diskstats under procfs, and what udev knows of each device.
namespace piman::agent {

/// One line of diskstats: 11 numbers, 15 since Linux 4.18 (discards), 17 since 5.5 (flushes).
/// Source: Documentation/admin-guide/iostats.rst of the kernel.
struct DiskStats {
  std::string_view device, major, minor;
  std::array<std::uint64_t, 17> numbers{};
  std::size_t count = 0;  ///< how many of the numbers the kernel gave
};
/// Nothing when the line has no device or fewer than 11 numbers.
std::optional<DiskStats> parse_diskstats_line(std::string_view line);

Result<std::unique_ptr<Collector>> make_diskstats_collector(const CollectorContext& context);

}  // namespace piman::agent
