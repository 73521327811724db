// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/buddyinfo.h"

#include "common/host_files.h"
#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Type;

class BuddyinfoCollector final : public Collector {
 public:
  explicit BuddyinfoCollector(const CollectorContext& context) : file_(context.paths.proc("buddyinfo")) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto content = file_.read();
    if (!content) return fail(content.error().message);
    out.family(blocks_);
    std::string_view rest = *content;
    while (!rest.empty()) {
      const std::string_view text = next_line(rest);
      const auto line = parse_buddy_line(text);
      if (!line) return fail(concat(file_.path(), ": not understood: ", quote(text)));
      for (std::size_t size = 0; size < line->blocks.size(); ++size) {
        out.sample({{"node", line->node}, {"size", concat(size)}, {"zone", line->zone}}, line->blocks[size]);
      }
    }
    return Outcome::kCollected;
  }

 private:
  HostFile file_;
  const prom_text::Family blocks_{"node_buddyinfo_blocks", Type::kGauge,
                                  "Free blocks of memory, by the power of two of the pages that they hold."};
};

}  // namespace

std::optional<BuddyLine> parse_buddy_line(std::string_view line) {
  BuddyLine parsed;
  const auto without_comma = [](std::string_view field) {
    return field.ends_with(',') ? field.substr(0, field.size() - 1) : field;
  };
  next_field(line);
  parsed.node = without_comma(next_field(line));
  next_field(line);
  parsed.zone = without_comma(next_field(line));
  if (parsed.zone.empty()) return std::nullopt;
  for (std::string_view field = next_field(line); !field.empty(); field = next_field(line)) {
    const auto blocks = parse_u64(field);
    if (!blocks) return std::nullopt;
    parsed.blocks.push_back(*blocks);
  }
  return parsed;
}

Result<std::unique_ptr<Collector>> make_buddyinfo_collector(const CollectorContext& context) {
  return std::make_unique<BuddyinfoCollector>(context);
}

}  // namespace piman::agent
