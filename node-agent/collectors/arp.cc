// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/arp.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/name_filter.h"

namespace piman::agent {
namespace {

using prom_text::Type;

class ArpCollector final : public Collector {
 public:
  ArpCollector(const CollectorContext& context, NameFilter filter)
      : file_(context.paths.proc("net/arp"), HostFile::Content::kShortRecords), filter_(std::move(filter)) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto content = file_.read();
    if (!content) return fail(content.error().message);
    for (auto& [device, entries] : entries_) entries = 0;
    std::string_view rest = *content;
    while (!rest.empty()) {
      const std::string_view line = next_line(rest);
      const auto device = parse_arp_device(line);
      if (!device) return fail(concat(file_.path(), ": not understood: ", quote(line)));
      if (line.starts_with("IP ") || filter_.ignores(*device)) continue;
      const auto found = entries_.find(*device);
      if (found == entries_.end()) {
        entries_.emplace(std::string(*device), 1);
      } else {
        ++found->second;
      }
    }
    std::erase_if(entries_, [](const auto& entry) { return entry.second == 0; });
    out.family(family_);
    for (const auto& [device, entries] : entries_) out.sample({{"device", device}}, entries);
    return Outcome::kCollected;
  }

 private:
  HostFile file_;
  NameFilter filter_;
  std::map<std::string, std::uint64_t, std::less<>> entries_;
  const prom_text::Family family_{"node_arp_entries", Type::kGauge, "Neighbours in the ARP table of a device."};
};

}  // namespace

std::optional<std::string_view> parse_arp_device(std::string_view line) {
  constexpr std::size_t kLeastFields = 6;
  std::string_view last;
  std::size_t fields = 0;
  for (std::string_view field = next_field(line); !field.empty(); field = next_field(line)) {
    last = field;
    ++fields;
  }
  if (fields < kLeastFields) return std::nullopt;
  return last;
}

Result<std::unique_ptr<Collector>> make_arp_collector(const CollectorContext& context) {
  auto filter =
      NameFilter::make("arp.device", context.option("arp.device-exclude"), context.option("arp.device-include"));
  if (!filter) return fail(filter.error().message);
  return std::make_unique<ArpCollector>(context, std::move(*filter));
}

}  // namespace piman::agent
