// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "node-agent/collector.h"

/// Seconds that each CPU spent in each mode, from stat under procfs; with what cpu_sysfs.h and cpu_info.h add.
namespace piman::agent {

/// The modes of a "cpuN" line in the kernel's order. Source: proc(5), "stat".
inline constexpr std::array<std::string_view, 10> kCpuModes = {"user", "nice",    "system", "idle",  "iowait",
                                                               "irq",  "softirq", "steal",  "guest", "guest_nice"};

using CpuTicks = std::array<std::uint64_t, kCpuModes.size()>;  ///< by kCpuModes; 1/100 s

struct CpuTimes {
  std::string_view cpu;  ///< "0"; empty for the line of all CPUs together
  CpuTicks ticks{};      ///< 0 where an old kernel has no such column
};
/// Takes a "cpu..." line apart; nothing when it is none, or has no numbers.
std::optional<CpuTimes> parse_cpu_line(std::string_view line);

/// Brings `ticks` up to `now` so that no counter falls: the kernel sums them without a lock, and idle and iowait may
/// run backwards by a little (proc(5)). When idle falls by three seconds, the CPU was taken out and put back: all begin
/// anew.
void advance_cpu_ticks(CpuTicks& ticks, const CpuTicks& now);

Result<std::unique_ptr<Collector>> make_cpu_collector(const CollectorContext& context);

}  // namespace piman::agent
