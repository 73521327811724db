// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/vmstat.h"

#include <cstddef>
#include <utility>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/dynamic_families.h"
#include "node-agent/keyed_lines.h"
#include "node-agent/name_filter.h"

namespace piman::agent {
namespace {

class VmstatCollector final : public Collector {
 public:
  VmstatCollector(const CollectorContext& context, NameFilter filter)
      : file_(context.paths.proc("vmstat"), HostFile::Content::kShortRecords), filter_(std::move(filter)) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto content = file_.read();
    if (!content) return fail(content.error().message);
    std::string_view rest = *content;
    if (rest.empty()) return fail(concat(file_.path(), ": empty"));
    for (std::size_t position = 0; !rest.empty(); ++position) {
      std::string_view line = next_line(rest);
      const std::string_view key = next_field(line);
      const prom_text::Family* family =
          lines_.at(position, key, [this](std::string_view name) { return wanted(name); });
      if (family == nullptr) continue;
      const auto value = parse_u64(next_field(line));
      if (!value) return fail(concat(file_.path(), ": ", key, " has no number"));
      out.single(*family, *value);
    }
    return Outcome::kCollected;
  }

 private:
  /// Null for a field that is not reported.
  const prom_text::Family* wanted(std::string_view key) {
    if (key.empty() || filter_.ignores(key)) return nullptr;
    return &families_.get(concat("node_vmstat_", key), prom_text::Type::kUntyped, concat("Field ", key, " of vmstat."));
  }

  HostFile file_;
  NameFilter filter_;
  DynamicFamilies families_;
  KeyedLines<const prom_text::Family*> lines_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_vmstat_collector(const CollectorContext& context) {
  auto filter = NameFilter::make("vmstat.fields", "", context.option("vmstat.fields"));
  if (!filter) return fail(filter.error().message);
  return std::make_unique<VmstatCollector>(context, std::move(*filter));
}

}  // namespace piman::agent
