// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/softirqs.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/host_files.h"
#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Labels;

/// In the order of their names. Source: softirq_to_name in kernel/softirq.c.
constexpr std::array<std::string_view, 10> kKinds = {"BLOCK",  "HI",  "HRTIMER", "IRQ_POLL", "NET_RX",
                                                     "NET_TX", "RCU", "SCHED",   "TASKLET",  "TIMER"};

class SoftirqsCollector final : public Collector {
 public:
  explicit SoftirqsCollector(const CollectorContext& context)
      : file_(context.paths.proc("softirqs"), HostFile::Content::kOnePiece) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto content = file_.read();
    if (!content) return fail(content.error().message);
    std::string_view rest = *content;
    if (rest.empty()) return fail(concat(file_.path(), ": empty"));
    next_line(rest);  // the CPUs
    for (auto& counts : counts_) counts.clear();
    while (!rest.empty()) {
      const std::string_view text = next_line(rest);
      std::string_view line = text;
      std::string_view name = next_field(line);
      if (!name.ends_with(':')) continue;
      name.remove_suffix(1);
      const auto kind = std::find(kKinds.begin(), kKinds.end(), name);
      if (kind == kKinds.end()) continue;
      auto& counts = counts_[static_cast<std::size_t>(kind - kKinds.begin())];
      counts.clear();
      for (std::string_view field = next_field(line); !field.empty(); field = next_field(line)) {
        const auto count = parse_u64(field);
        if (!count) return fail(concat(file_.path(), ": no whole number: ", quote(text)));
        counts.push_back(*count);
      }
    }
    write(out);
    return Outcome::kCollected;
  }

 private:
  void write(prom_text::Writer& out) {
    std::size_t cpus = 0;
    for (const auto& counts : counts_) cpus = std::max(cpus, counts.size());
    while (labels_.size() < cpus) {
      const std::string cpu = concat(labels_.size());
      auto& labels = labels_.emplace_back();
      for (std::size_t i = 0; i < kKinds.size(); ++i) labels[i] = Labels({{"cpu", cpu}, {"type", kKinds[i]}});
    }
    out.family(functions_);
    for (std::size_t cpu = 0; cpu < cpus; ++cpu) {
      for (std::size_t i = 0; i < kKinds.size(); ++i) {
        if (cpu < counts_[i].size()) out.sample(labels_[cpu][i], counts_[i][cpu]);
      }
    }
  }

  HostFile file_;
  std::array<std::vector<std::uint64_t>, kKinds.size()> counts_;  ///< by kind, then CPU
  std::vector<std::array<Labels, kKinds.size()>> labels_;         ///< by CPU, then kind
  const prom_text::Family functions_{"node_softirqs_functions_total", prom_text::Type::kCounter,
                                     "Software interrupts that a CPU served, by kind."};
};

}  // namespace

Result<std::unique_ptr<Collector>> make_softirqs_collector(const CollectorContext& context) {
  return std::make_unique<SoftirqsCollector>(context);
}

}  // namespace piman::agent
