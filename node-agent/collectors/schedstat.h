// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "node-agent/collector.h"

/// How long threads ran on each CPU and waited for it, from schedstat under procfs.
namespace piman::agent {

/// The last three numbers of a "cpuN" line. Source: Documentation/scheduler/sched-stats.rst of the kernel.
struct SchedstatCpu {
  std::string_view cpu;  ///< "0"
  std::uint64_t running_nanoseconds = 0, waiting_nanoseconds = 0, timeslices = 0;
};
/// Nothing for another line, or a cut one. Pure.
std::optional<SchedstatCpu> parse_schedstat_line(std::string_view line);

Result<std::unique_ptr<Collector>> make_schedstat_collector(const CollectorContext& context);

}  // namespace piman::agent
