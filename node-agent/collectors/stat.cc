// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/stat.h"

#include "common/host_files.h"
#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Type;

class StatCollector final : public Collector {
 public:
  explicit StatCollector(const CollectorContext& context)
      : file_(context.paths.proc("stat"), HostFile::Content::kOnePiece) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto content = file_.read();
    if (!content) return fail(content.error().message);
    const KernelStat stat = parse_kernel_stat(*content);
    if (!stat.boot_time_seconds) return fail(concat(file_.path(), ": no btime line"));
    const auto write = [&](const prom_text::Family& family, const std::optional<std::uint64_t>& value) {
      if (value) out.single(family, *value);
    };
    write(interrupts_, stat.interrupts);
    write(context_switches_, stat.context_switches);
    write(forks_, stat.forks);
    write(boot_time_, stat.boot_time_seconds);
    write(running_, stat.running);
    write(blocked_, stat.blocked);
    return Outcome::kCollected;
  }

 private:
  HostFile file_;
  const prom_text::Family interrupts_{"node_intr_total", Type::kCounter, "Interrupts serviced since boot."};
  const prom_text::Family context_switches_{"node_context_switches_total", Type::kCounter,
                                            "Context switches since boot."};
  const prom_text::Family forks_{"node_forks_total", Type::kCounter, "Processes and threads created since boot."};
  const prom_text::Family boot_time_{"node_boot_time_seconds", Type::kGauge,
                                     "When the kernel booted, in seconds since the Unix epoch."};
  const prom_text::Family running_{"node_procs_running", Type::kGauge, "Threads that run or could run."};
  const prom_text::Family blocked_{"node_procs_blocked", Type::kGauge, "Threads that wait for I/O to finish."};
};

}  // namespace

KernelStat parse_kernel_stat(std::string_view content) {
  KernelStat stat;
  while (!content.empty()) {
    std::string_view line = next_line(content);
    const std::string_view key = next_field(line);
    std::optional<std::uint64_t>* target = key == "intr"            ? &stat.interrupts
                                           : key == "ctxt"          ? &stat.context_switches
                                           : key == "btime"         ? &stat.boot_time_seconds
                                           : key == "processes"     ? &stat.forks
                                           : key == "procs_running" ? &stat.running
                                           : key == "procs_blocked" ? &stat.blocked
                                                                    : nullptr;
    if (target != nullptr) *target = parse_u64(next_field(line));
  }
  return stat;
}

Result<std::unique_ptr<Collector>> make_stat_collector(const CollectorContext& context) {
  return std::make_unique<StatCollector>(context);
}

}  // namespace piman::agent
