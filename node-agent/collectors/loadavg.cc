// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/loadavg.h"

#include "common/host_files.h"
#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Type;

class LoadavgCollector final : public Collector {
 public:
  explicit LoadavgCollector(const CollectorContext& context)
      : file_(context.paths.proc("loadavg"), HostFile::Content::kOnePiece) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto content = file_.read();
    if (!content) return fail(content.error().message);
    const auto averages = parse_loadavg(*content);
    if (!averages) return fail(concat(file_.path(), ": no load averages in ", quote(*content)));
    out.single(load1_, (*averages)[0]);
    out.single(load5_, (*averages)[1]);
    out.single(load15_, (*averages)[2]);
    return Outcome::kCollected;
  }

 private:
  HostFile file_;
  const prom_text::Family load1_{"node_load1", Type::kGauge, "Load average over 1 minute."};
  const prom_text::Family load5_{"node_load5", Type::kGauge, "Load average over 5 minutes."};
  const prom_text::Family load15_{"node_load15", Type::kGauge, "Load average over 15 minutes."};
};

}  // namespace

std::optional<std::array<double, 3>> parse_loadavg(std::string_view content) {
  std::array<double, 3> averages{};
  for (double& average : averages) {
    const auto value = parse_double(next_field(content));
    if (!value) return std::nullopt;
    average = *value;
  }
  return averages;
}

Result<std::unique_ptr<Collector>> make_loadavg_collector(const CollectorContext& context) {
  return std::make_unique<LoadavgCollector>(context);
}

}  // namespace piman::agent
