// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "node-agent/collector.h"

/// Pages of memory by zone and use, from zoneinfo under procfs.
namespace piman::agent {

inline constexpr std::size_t kZoneFields = 34;

struct Zone {
  std::string_view node, zone;  ///< "0", "Normal"
  std::vector<std::optional<std::int64_t>> fields = std::vector<std::optional<std::int64_t>>(kZoneFields);
  std::vector<std::int64_t> protection;
};
/// The position of a key ("nr_free_pages", "min") in Zone::fields; nothing for one that is not reported.
std::optional<std::size_t> zone_field(std::string_view key);
/// Lines that are not understood are passed over. Source: mm/vmstat.c of the kernel.
std::vector<Zone> parse_zoneinfo(std::string_view content);

Result<std::unique_ptr<Collector>> make_zoneinfo_collector(const CollectorContext& context);

}  // namespace piman::agent
