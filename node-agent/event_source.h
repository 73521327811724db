// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/event.h"
#include "common/host_files.h"
#include "common/host_paths.h"
#include "common/mutex.h"

/// Where the five values of `/events` come from, with the meanings that Python's psutil gave them in the system before.
namespace piman::agent {

/// CPU time since boot, in ticks. Guest time is left out: the kernel counts it as user time already.
struct CpuTotals {
  std::uint64_t busy_ticks = 0;
  std::uint64_t all_ticks = 0;
};
/// From the first line of stat; nothing when it is not there. Waiting for I/O is not busy.
std::optional<CpuTotals> parse_cpu_totals(std::string_view stat);
/// 0 to 100 with one decimal; nothing when no time passed between the two.
std::optional<double> cpu_percent_between(const CpuTotals& before, const CpuTotals& now);
/// (MemTotal - MemAvailable) / MemTotal, 0 to 100 with one decimal.
std::optional<double> parse_memory_percent(std::string_view meminfo);
/// What df shows: used / (used + available to users), rounded to one decimal.
std::optional<double> disk_percent(std::uint64_t blocks, std::uint64_t free_blocks, std::uint64_t available_blocks);

/// Thread-safety: read() may be called from any thread.
class EventSource {
 public:
  /// `clock` must outlive the source. Reads the CPU times once, so that the first event has an interval to look at.
  EventSource(const HostPaths& paths, const Clock& clock);
  /// The present values; one that can't be read is absent. CPU use is over the time since an earlier call, at least
  /// kLeastInterval; right after the start it waits for so long.
  NodeEvent read();

  static constexpr std::chrono::milliseconds kLeastInterval{200};

 private:
  struct CpuReading {
    SteadyTime at{};
    CpuTotals totals;
  };
  std::optional<CpuReading> read_cpu() PIMAN_REQUIRES(mutex_);
  std::optional<double> cpu_percent() PIMAN_REQUIRES(mutex_);
  std::optional<double> process_count() const;
  std::optional<double> temperature() const;

  const HostPaths paths_;
  const Clock& clock_;
  Mutex mutex_;
  HostFile stat_ PIMAN_GUARDED_BY(mutex_);
  HostFile meminfo_ PIMAN_GUARDED_BY(mutex_);
  std::optional<CpuReading> baseline_ PIMAN_GUARDED_BY(mutex_);
  std::optional<CpuReading> latest_ PIMAN_GUARDED_BY(mutex_);
};

}  // namespace piman::agent
