// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/softnet.h"

#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/host_files.h"
#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Labels;
using prom_text::Type;

class SoftnetCollector final : public Collector {
 public:
  explicit SoftnetCollector(const CollectorContext& context)
      : file_(context.paths.proc("net/softnet_stat"), HostFile::Content::kShortRecords) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto content = file_.read();
    if (!content) return fail(content.error().message);
    present_.clear();
    std::string_view rest = *content;
    while (!rest.empty()) {
      const std::string_view text = next_line(rest);
      const auto line = parse_softnet_line(text);
      if (!line) return fail(concat(file_.path(), ": not understood: ", quote(text)));
      present_.emplace_back(&labels(line->cpu.value_or(present_.size())), *line);
    }
    out.family(dropped_);
    for (const auto& [label, line] : present_) out.sample(*label, line.dropped);
    out.family(processed_);
    for (const auto& [label, line] : present_) out.sample(*label, line.processed);
    out.family(squeezed_);
    for (const auto& [label, line] : present_) out.sample(*label, line.squeezed);
    return Outcome::kCollected;
  }

 private:
  const Labels& labels(std::uint64_t cpu) {
    const auto found = labels_.find(cpu);
    if (found != labels_.end()) return found->second;
    return labels_.emplace(cpu, Labels({{"cpu", concat(cpu)}})).first->second;
  }

  HostFile file_;
  std::map<std::uint64_t, Labels> labels_;
  std::vector<std::pair<const Labels*, SoftnetLine>> present_;
  const Family dropped_{"node_softnet_dropped_total", Type::kCounter, "Packets dropped by a full queue of a CPU."};
  const Family processed_{"node_softnet_processed_total", Type::kCounter, "Received packets that a CPU processed."};
  const Family squeezed_{"node_softnet_times_squeezed_total", Type::kCounter,
                         "Times that a CPU stopped with packets left."};
};

}  // namespace

std::optional<SoftnetLine> parse_softnet_line(std::string_view line) {
  constexpr std::size_t kLeastColumns = 9, kCpuColumn = 12;
  std::array<std::uint64_t, kCpuColumn + 1> columns{};
  std::size_t count = 0;
  while (count < columns.size()) {
    const std::string_view field = next_field(line);
    if (field.empty()) break;
    const auto number = parse_hex(field);
    if (!number) return std::nullopt;
    columns[count++] = *number;
  }
  if (count < kLeastColumns) return std::nullopt;
  SoftnetLine parsed{columns[0], columns[1], columns[2], std::nullopt};
  if (count > kCpuColumn) parsed.cpu = columns[kCpuColumn];
  return parsed;
}

Result<std::unique_ptr<Collector>> make_softnet_collector(const CollectorContext& context) {
  return std::make_unique<SoftnetCollector>(context);
}

}  // namespace piman::agent
