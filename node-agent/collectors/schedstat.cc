// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/schedstat.h"

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/absence.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Labels;
using prom_text::Type;

double seconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }

class SchedstatCollector final : public Collector {
 public:
  explicit SchedstatCollector(const CollectorContext& context) : file_(context.paths.proc("schedstat")) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto content = file_.read();
    if (!content) return absent_or_failed(file_.path(), content.error());
    present_.clear();
    std::string_view rest = *content;
    while (!rest.empty()) {
      if (const auto cpu = parse_schedstat_line(next_line(rest))) present_.emplace_back(&labels(cpu->cpu), *cpu);
    }
    out.family(running_);
    for (const auto& [label, cpu] : present_) out.sample(*label, seconds(cpu.running_nanoseconds));
    out.family(timeslices_);
    for (const auto& [label, cpu] : present_) out.sample(*label, cpu.timeslices);
    out.family(waiting_);
    for (const auto& [label, cpu] : present_) out.sample(*label, seconds(cpu.waiting_nanoseconds));
    return Outcome::kCollected;
  }

 private:
  const Labels& labels(std::string_view cpu) {
    const auto found = labels_.find(cpu);
    if (found != labels_.end()) return found->second;
    return labels_.emplace(std::string(cpu), Labels({{"cpu", cpu}})).first->second;
  }

  HostFile file_;
  std::map<std::string, Labels, std::less<>> labels_;
  std::vector<std::pair<const Labels*, SchedstatCpu>> present_;
  const Family running_{"node_schedstat_running_seconds_total", Type::kCounter,
                        "Time that threads ran on a CPU, in seconds."};
  const Family timeslices_{"node_schedstat_timeslices_total", Type::kCounter,
                           "Time slices that a CPU gave to threads."};
  const Family waiting_{"node_schedstat_waiting_seconds_total", Type::kCounter,
                        "Time that threads waited for a CPU while they could have run, in seconds."};
};

}  // namespace

std::optional<SchedstatCpu> parse_schedstat_line(std::string_view line) {
  constexpr int kNumbersBefore = 6;
  SchedstatCpu parsed;
  const std::string_view name = next_field(line);
  if (!name.starts_with("cpu") || !parse_u64(name.substr(3))) return std::nullopt;
  parsed.cpu = name.substr(3);
  for (int i = 0; i < kNumbersBefore; ++i) {
    if (!parse_u64(next_field(line))) return std::nullopt;
  }
  const auto running = parse_u64(next_field(line));
  const auto waiting = parse_u64(next_field(line));
  const auto timeslices = parse_u64(next_field(line));
  if (!running || !waiting || !timeslices) return std::nullopt;
  parsed.running_nanoseconds = *running;
  parsed.waiting_nanoseconds = *waiting;
  parsed.timeslices = *timeslices;
  return parsed;
}

Result<std::unique_ptr<Collector>> make_schedstat_collector(const CollectorContext& context) {
  return std::make_unique<SchedstatCollector>(context);
}

}  // namespace piman::agent
