// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/pressure.h"

#include "common/host_files.h"
#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

double to_seconds_value(std::uint64_t microseconds) { return static_cast<double>(microseconds) / 1e6; }

class PressureCollector final : public Collector {
 public:
  explicit PressureCollector(const CollectorContext& context)
      : cpu_(context.paths.proc("pressure/cpu"), HostFile::Content::kOnePiece),
        io_(context.paths.proc("pressure/io"), HostFile::Content::kOnePiece),
        memory_(context.paths.proc("pressure/memory"), HostFile::Content::kOnePiece) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    // Without CONFIG_PSI, or with psi=0 as Raspberry Pi OS boots, there are no such files (or they can't be read).
    const auto cpu = cpu_.read();
    if (!cpu) return Outcome::kAbsent;
    if (const auto some = parse_pressure(*cpu).some_microseconds) out.single(cpu_waiting_, to_seconds_value(*some));
    for (const auto& [file, waiting, stalled] :
         {Resource{&io_, &io_waiting_, &io_stalled_}, Resource{&memory_, &memory_waiting_, &memory_stalled_}}) {
      const auto content = file->read();
      if (!content) return fail(content.error().message);
      const PressureTotals totals = parse_pressure(*content);
      if (totals.some_microseconds) out.single(*waiting, to_seconds_value(*totals.some_microseconds));
      if (totals.full_microseconds) out.single(*stalled, to_seconds_value(*totals.full_microseconds));
    }
    return Outcome::kCollected;
  }

 private:
  struct Resource {
    HostFile* file;
    const Family* waiting;
    const Family* stalled;
  };

  HostFile cpu_, io_, memory_;
  const Family cpu_waiting_{"node_pressure_cpu_waiting_seconds_total", Type::kCounter,
                            "Time with some task waiting, in seconds."};
  const Family io_waiting_{"node_pressure_io_waiting_seconds_total", Type::kCounter,
                           "Time with some task waiting, in seconds."};
  const Family io_stalled_{"node_pressure_io_stalled_seconds_total", Type::kCounter,
                           "Time with all tasks waiting, in seconds."};
  const Family memory_waiting_{"node_pressure_memory_waiting_seconds_total", Type::kCounter,
                               "Time with some task waiting, in seconds."};
  const Family memory_stalled_{"node_pressure_memory_stalled_seconds_total", Type::kCounter,
                               "Time with all tasks waiting, in seconds."};
};

}  // namespace

PressureTotals parse_pressure(std::string_view content) {
  constexpr std::string_view kTotal = "total=";
  PressureTotals totals;
  while (!content.empty()) {
    std::string_view line = next_line(content);
    const std::string_view kind = next_field(line);
    std::optional<std::uint64_t>* target = kind == "some"   ? &totals.some_microseconds
                                           : kind == "full" ? &totals.full_microseconds
                                                            : nullptr;
    const std::size_t at = line.find(kTotal);
    if (target == nullptr || at == std::string_view::npos) continue;
    line.remove_prefix(at + kTotal.size());
    *target = parse_u64(next_field(line));
  }
  return totals;
}

Result<std::unique_ptr<Collector>> make_pressure_collector(const CollectorContext& context) {
  return std::make_unique<PressureCollector>(context);
}

}  // namespace piman::agent
