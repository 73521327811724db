// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/cgroups.h"

#include <algorithm>
#include <vector>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/absence.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

class CgroupsCollector final : public Collector {
 public:
  explicit CgroupsCollector(const CollectorContext& context)
      : file_(context.paths.proc("cgroups"), HostFile::Content::kOnePiece) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto content = file_.read();
    if (!content) return absent_or_failed(file_.path(), content.error());
    controllers_.clear();
    std::string_view rest = *content;
    while (!rest.empty()) {
      const std::string_view text = next_line(rest);
      if (text.starts_with('#')) continue;
      const auto controller = parse_cgroup_line(text);
      if (!controller) return fail(concat(file_.path(), ": not understood: ", quote(text)));
      controllers_.push_back(*controller);
    }
    std::sort(controllers_.begin(), controllers_.end(),
              [](const CgroupController& a, const CgroupController& b) { return a.name < b.name; });
    out.family(groups_);
    for (const CgroupController& controller : controllers_) {
      out.sample({{"subsys_name", controller.name}}, static_cast<double>(controller.groups));
    }
    out.family(enabled_);
    for (const CgroupController& controller : controllers_) {
      out.sample({{"subsys_name", controller.name}}, static_cast<double>(controller.enabled));
    }
    return Outcome::kCollected;
  }

 private:
  HostFile file_;
  std::vector<CgroupController> controllers_;
  const Family groups_{"node_cgroups_cgroups", Type::kGauge, "Control groups that a controller has."};
  const Family enabled_{"node_cgroups_enabled", Type::kGauge, "Whether a controller is enabled: 1 or 0."};
};

}  // namespace

std::optional<CgroupController> parse_cgroup_line(std::string_view line) {
  CgroupController controller;
  controller.name = next_field(line);
  const auto hierarchy = parse_i64(next_field(line));
  const auto groups = parse_i64(next_field(line));
  const auto enabled = parse_i64(next_field(line));
  if (!hierarchy || !groups || !enabled) return std::nullopt;
  controller.groups = *groups;
  controller.enabled = *enabled;
  return controller;
}

Result<std::unique_ptr<Collector>> make_cgroups_collector(const CollectorContext& context) {
  return std::make_unique<CgroupsCollector>(context);
}

}  // namespace piman::agent
