// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/swap.h"

#include <vector>

#include "common/host_files.h"
#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

class SwapCollector final : public Collector {
 public:
  explicit SwapCollector(const CollectorContext& context) : file_(context.paths.proc("swaps")) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto content = file_.read();
    if (!content) return fail(content.error().message);
    std::vector<SwapArea> areas;
    std::string_view rest = *content;
    if (!rest.empty()) next_line(rest);  // the heading
    while (!rest.empty()) {
      const std::string_view line = next_line(rest);
      const auto area = parse_swap_line(line);
      if (!area) return fail(concat(file_.path(), ": not understood: ", quote(line)));
      areas.push_back(*area);
    }
    const auto values = [&](const Family& family, auto value) {
      out.family(family);
      for (const SwapArea& area : areas) {
        out.sample({{"device", area.device}, {"swap_type", area.type}}, static_cast<double>(area.*value));
      }
    };
    values(priority_, &SwapArea::priority);
    values(size_, &SwapArea::size_bytes);
    values(used_, &SwapArea::used_bytes);
    return Outcome::kCollected;
  }

 private:
  HostFile file_;
  const Family priority_{"node_swap_priority", Type::kGauge, "Areas with a higher priority are filled first."};
  const Family size_{"node_swap_size_bytes", Type::kGauge, "Size of a swap area, in bytes."};
  const Family used_{"node_swap_used_bytes", Type::kGauge, "How much of a swap area is in use, in bytes."};
};

}  // namespace

std::optional<SwapArea> parse_swap_line(std::string_view line) {
  constexpr std::uint64_t kKibibyte = 1024;
  SwapArea area;
  area.device = next_field(line);
  area.type = next_field(line);
  const auto size = parse_u64(next_field(line));
  const auto used = parse_u64(next_field(line));
  const auto priority = parse_i64(next_field(line));
  if (!size || !used || !priority) return std::nullopt;
  area.size_bytes = *size * kKibibyte;
  area.used_bytes = *used * kKibibyte;
  area.priority = *priority;
  return area;
}

Result<std::unique_ptr<Collector>> make_swap_collector(const CollectorContext& context) {
  return std::make_unique<SwapCollector>(context);
}

}  // namespace piman::agent
