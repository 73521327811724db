// SPDX-License-Identifier: Apache-2.0
#include "node-agent/event_source.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <cstdint>
#include <thread>

#include "common/text.h"
#include "node-agent/collectors/cpu.h"
#include "node-agent/collectors/meminfo.h"

namespace piman::agent {
namespace {

/// REQUIRES: |value| < 1e17. std::round() would be all that needs libm: one library less to load at the start.
double one_decimal(double value) {
  return static_cast<double>(static_cast<std::int64_t>(value * 10 + (value < 0 ? -0.5 : 0.5))) / 10;
}

constexpr std::size_t kIdle = 3, kIowait = 4, kFirstGuest = 8;

}  // namespace

std::optional<CpuTotals> parse_cpu_totals(std::string_view stat) {
  const auto times = parse_cpu_line(next_line(stat));
  if (!times || !times->cpu.empty()) return std::nullopt;
  CpuTotals totals;
  for (std::size_t mode = 0; mode < kFirstGuest; ++mode) {
    totals.all_ticks += times->ticks[mode];
    if (mode != kIdle && mode != kIowait) totals.busy_ticks += times->ticks[mode];
  }
  return totals;
}

std::optional<double> cpu_percent_between(const CpuTotals& before, const CpuTotals& now) {
  if (now.all_ticks <= before.all_ticks) return std::nullopt;
  // The kernel's sums may run backwards by a tick; a share is never below 0 or above 100.
  const double busy = static_cast<double>(now.busy_ticks) - static_cast<double>(before.busy_ticks);
  const double all = static_cast<double>(now.all_ticks - before.all_ticks);
  return one_decimal(std::clamp(100 * busy / all, 0.0, 100.0));
}

std::optional<double> parse_memory_percent(std::string_view meminfo) {
  std::optional<double> total, available;
  while (!meminfo.empty()) {
    const auto line = parse_meminfo_line(next_line(meminfo));
    if (!line) continue;
    if (line->name == "MemTotal") total = static_cast<double>(line->value);
    if (line->name == "MemAvailable") available = static_cast<double>(line->value);
  }
  if (!total || !available || *total <= 0) return std::nullopt;
  return one_decimal(std::clamp(100 * (*total - *available) / *total, 0.0, 100.0));
}

std::optional<double> disk_percent(std::uint64_t blocks, std::uint64_t free_blocks, std::uint64_t available_blocks) {
  if (blocks < free_blocks) return std::nullopt;
  const double used = static_cast<double>(blocks - free_blocks);
  const double reachable = used + static_cast<double>(available_blocks);
  if (reachable <= 0) return std::nullopt;
  return one_decimal(100 * used / reachable);
}

EventSource::EventSource(const HostPaths& paths, const Clock& clock)
    : paths_(paths),
      clock_(clock),
      stat_(paths.proc("stat"), HostFile::Content::kOnePiece),
      meminfo_(paths.proc("meminfo"), HostFile::Content::kOnePiece) {
  const MutexLock lock(mutex_);
  baseline_ = latest_ = read_cpu();
}

NodeEvent EventSource::read() {
  NodeEvent event;
  {
    const MutexLock lock(mutex_);
    event.cpu_percent = cpu_percent();
    if (const auto content = meminfo_.read()) event.memory_percent = parse_memory_percent(*content);
  }
  struct ::statvfs status {};
  if (::statvfs(paths_.root("/").c_str(), &status) == 0) {
    event.disk_percent = disk_percent(status.f_blocks, status.f_bfree, status.f_bavail);
  }
  event.num_pids = process_count();
  event.temp = temperature();
  event.time = unix_seconds(clock_.wall());
  return event;
}

std::optional<EventSource::CpuReading> EventSource::read_cpu() {
  const auto content = stat_.read();
  const auto totals = content ? parse_cpu_totals(*content) : std::nullopt;
  if (!totals) return std::nullopt;
  return CpuReading{clock_.steady(), *totals};
}

std::optional<double> EventSource::cpu_percent() {
  // Several readers (the manager, a person with curl) must not shorten each other's interval to nothing, so the
  // baseline moves on only to a reading that is old enough to be one.
  if (latest_ && clock_.steady() - latest_->at >= kLeastInterval) baseline_ = latest_;
  if (!baseline_) baseline_ = read_cpu();
  if (baseline_) {
    const auto age = clock_.steady() - baseline_->at;
    if (age < kLeastInterval) std::this_thread::sleep_for(kLeastInterval - age);
  }
  const auto now = read_cpu();
  if (!now || !baseline_) return std::nullopt;
  latest_ = now;
  return cpu_percent_between(baseline_->totals, now->totals);
}

std::optional<double> EventSource::process_count() const {
  const auto names = list_host_directory(paths_.procfs);
  if (!names) return std::nullopt;
  const auto is_process = [](const std::string& name) { return parse_u64(name).has_value(); };
  return static_cast<double>(std::count_if(names->begin(), names->end(), is_process));
}

std::optional<double> EventSource::temperature() const {
  const auto millidegrees = read_host_i64(paths_.sys("class/thermal/thermal_zone0/temp"));
  if (!millidegrees) return std::nullopt;
  return one_decimal(static_cast<double>(*millidegrees) / 1000);
}

}  // namespace piman::agent
