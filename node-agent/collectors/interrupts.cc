// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/interrupts.h"

#include <set>

#include "common/host_files.h"
#include "common/text.h"

namespace piman::agent {
namespace {

/// The words of a line, each divided from the next by one blank.
std::string joined(std::string_view rest) {
  std::string out;
  for (std::string_view field = next_field(rest); !field.empty(); field = next_field(rest)) {
    if (!out.empty()) out.push_back(' ');
    out += field;
  }
  return out;
}

class InterruptsCollector final : public Collector {
 public:
  explicit InterruptsCollector(const CollectorContext& context) : file_(context.paths.proc("interrupts")) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto content = file_.read();
    if (!content) return fail(content.error().message);
    std::string_view rest = *content;
    if (rest.empty()) return fail(concat(file_.path(), ": empty"));
    std::size_t cpus = 0;
    for (std::string_view heading = next_line(rest); !next_field(heading).empty();) ++cpus;
    std::set<std::string_view> seen;
    out.family(interrupts_);
    while (!rest.empty()) {
      const std::string_view text = next_line(rest);
      const auto line = parse_interrupt_line(text, cpus);
      if (!line || !seen.insert(line->name).second) continue;
      std::string_view counts = line->counts;
      for (std::size_t cpu = 0; cpu < cpus; ++cpu) {
        const auto count = parse_u64(next_field(counts));
        if (!count) return fail(concat(file_.path(), ": no whole number: ", quote(text)));
        const std::string number = concat(cpu);
        out.sample({{"cpu", number}, {"devices", line->devices}, {"info", line->info}, {"type", line->name}}, *count);
      }
    }
    return Outcome::kCollected;
  }

 private:
  HostFile file_;
  const prom_text::Family interrupts_{"node_interrupts_total", prom_text::Type::kCounter,
                                      "Interrupts that a CPU served, by source."};
};

}  // namespace

std::optional<InterruptLine> parse_interrupt_line(std::string_view line, std::size_t cpus) {
  InterruptLine parsed;
  parsed.name = next_field(line);
  if (!parsed.name.ends_with(':')) return std::nullopt;
  parsed.name.remove_suffix(1);
  parsed.counts = line;
  for (std::size_t cpu = 0; cpu < cpus; ++cpu) {
    if (next_field(line).empty()) return std::nullopt;
  }
  parsed.counts.remove_suffix(line.size());
  if (trim(line).empty()) return std::nullopt;
  if (parse_u64(parsed.name)) {
    parsed.info = next_field(line);
    parsed.devices = joined(line);
  } else {
    parsed.info = joined(line);
  }
  return parsed;
}

Result<std::unique_ptr<Collector>> make_interrupts_collector(const CollectorContext& context) {
  return std::make_unique<InterruptsCollector>(context);
}

}  // namespace piman::agent
