// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/meminfo.h"

#include <cstddef>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/dynamic_families.h"
#include "node-agent/keyed_lines.h"

namespace piman::agent {
namespace {

class MeminfoCollector final : public Collector {
 public:
  explicit MeminfoCollector(const CollectorContext& context)
      : file_(context.paths.proc("meminfo"), HostFile::Content::kOnePiece) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto content = file_.read();
    if (!content) return fail(content.error().message);
    std::string_view rest = *content;
    if (rest.empty()) return fail(concat(file_.path(), ": empty"));
    for (std::size_t position = 0; !rest.empty(); ++position) {
      const std::string_view text = next_line(rest);
      if (text.empty()) continue;
      const auto line = parse_meminfo_line(text);
      if (!line) return fail(concat(file_.path(), ": not understood: ", quote(text)));
      const auto make = [&](std::string_view) { return &family(*line); };
      out.single(*lines_.at(position, line->name, make), line->value);
    }
    return Outcome::kCollected;
  }

 private:
  const prom_text::Family& family(const MeminfoLine& line) {
    return families_.get(meminfo_metric_name(line), prom_text::Type::kGauge,
                         concat("Field ", line.name, " of meminfo", line.in_bytes ? ", in bytes." : "."));
  }

  HostFile file_;
  DynamicFamilies families_;
  KeyedLines<const prom_text::Family*> lines_;
};

}  // namespace

std::optional<MeminfoLine> parse_meminfo_line(std::string_view line) {
  MeminfoLine parsed;
  if (line.find(':') == std::string_view::npos) return std::nullopt;
  parsed.name = next_until(line, ':');
  const auto value = parse_u64(next_field(line));
  const std::string_view unit = next_field(line);
  if (parsed.name.empty() || !value || (!unit.empty() && unit != "kB")) return std::nullopt;
  parsed.in_bytes = !unit.empty();
  parsed.value = parsed.in_bytes ? *value * 1024 : *value;
  return parsed;
}

std::string meminfo_metric_name(const MeminfoLine& line) {
  std::string name = "node_memory_";
  for (const char c : line.name) {
    const bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (c == ')') continue;
    name.push_back(word ? c : '_');
  }
  return line.in_bytes ? name + "_bytes" : name;
}

Result<std::unique_ptr<Collector>> make_meminfo_collector(const CollectorContext& context) {
  return std::make_unique<MeminfoCollector>(context);
}

}  // namespace piman::agent
