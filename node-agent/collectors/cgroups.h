// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "node-agent/collector.h"

/// Control groups by controller, from cgroups under procfs.
namespace piman::agent {

/// Source: cgroups(7), "/proc/cgroups".
struct CgroupController {
  std::string_view name;  ///< "memory"
  std::int64_t groups = 0, enabled = 0;
};
/// Nothing when the line has not its four columns. Pure.
std::optional<CgroupController> parse_cgroup_line(std::string_view line);

Result<std::unique_ptr<Collector>> make_cgroups_collector(const CollectorContext& context);

}  // namespace piman::agent
