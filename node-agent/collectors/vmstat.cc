// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/vmstat.h"

#include <functional>
#include <map>
#include <utility>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/name_filter.h"

namespace piman::agent {
namespace {

class VmstatCollector final : public Collector {
 public:
  VmstatCollector(const CollectorContext& context, NameFilter filter)
      : file_(context.paths.proc("vmstat")), filter_(std::move(filter)) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto content = file_.read();
    if (!content) return fail(content.error().message);
    std::string_view rest = *content;
    if (rest.empty()) return fail(concat(file_.path(), ": empty"));
    while (!rest.empty()) {
      std::string_view line = next_line(rest);
      const std::string_view key = next_field(line);
      if (key.empty() || filter_.ignores(key)) continue;
      const auto value = parse_u64(next_field(line));
      if (!value) return fail(concat(file_.path(), ": ", key, " has no number"));
      out.single(family(key), *value);
    }
    return Outcome::kCollected;
  }

 private:
  const prom_text::Family& family(std::string_view key) {
    const auto found = families_.find(key);
    if (found != families_.end()) return found->second;
    prom_text::Family made(concat("node_vmstat_", key), prom_text::Type::kUntyped,
                           concat("Field ", key, " of vmstat."));
    return families_.emplace(std::string(key), std::move(made)).first->second;
  }

  HostFile file_;
  NameFilter filter_;
  std::map<std::string, prom_text::Family, std::less<>> families_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_vmstat_collector(const CollectorContext& context) {
  auto filter = NameFilter::make("vmstat.fields", "", context.option("vmstat.fields"));
  if (!filter) return fail(filter.error().message);
  return std::make_unique<VmstatCollector>(context, std::move(*filter));
}

}  // namespace piman::agent
