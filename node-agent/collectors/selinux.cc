// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/selinux.h"

#include <string>

#include "common/host_files.h"
#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

constexpr int kDisabled = -1;

class SelinuxCollector final : public Collector {
 public:
  explicit SelinuxCollector(const CollectorContext& context)
      : enforce_(context.paths.sys("fs/selinux/enforce")),
        own_label_(context.paths.proc("self/attr/current")),
        config_(context.paths.root("/etc/selinux/config")) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto enforce = read_host_text(enforce_);
    // Mounted without a policy, everything still has the label that the kernel began with.
    const auto label = enforce ? read_host_text(own_label_) : std::nullopt;
    const bool enabled = label && *label != "kernel";
    if (enabled) {
      const auto config = read_host_file(config_);
      out.single(config_mode_, static_cast<double>(config ? parse_selinux_config_mode(*config) : kDisabled));
      out.single(current_mode_, static_cast<double>(parse_number<int>(*enforce).value_or(kDisabled)));
    }
    out.single(enabled_, std::uint64_t{enabled ? 1U : 0U});
    return Outcome::kCollected;
  }

 private:
  const std::string enforce_, own_label_, config_;
  const Family config_mode_{"node_selinux_config_mode", Type::kGauge,
                            "Mode that SELinux is configured to start in: 1 enforcing, 0 permissive, -1 disabled."};
  const Family current_mode_{"node_selinux_current_mode", Type::kGauge,
                             "Mode that SELinux is in: 1 enforcing, 0 permissive, -1 not known."};
  const Family enabled_{"node_selinux_enabled", Type::kGauge, "Whether SELinux is on: 1 or 0."};
};

}  // namespace

int parse_selinux_config_mode(std::string_view config) {
  while (!config.empty()) {
    std::string_view line = trim(next_line(config));
    if (line.starts_with('#') || line.starts_with(';')) continue;
    if (trim(next_until(line, '=')) != "SELINUX") continue;
    const std::string_view mode = trim(line);
    return mode == "enforcing" ? 1 : mode == "permissive" ? 0 : kDisabled;
  }
  return kDisabled;
}

Result<std::unique_ptr<Collector>> make_selinux_collector(const CollectorContext& context) {
  return std::make_unique<SelinuxCollector>(context);
}

}  // namespace piman::agent
