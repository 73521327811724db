// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/rapl.h"

#include <unistd.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <tuple>
#include <vector>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/absence.h"
#include "node-agent/attribute_files.h"
#include "node-agent/dynamic_families.h"

namespace piman::agent {
namespace {

using prom_text::Type;

struct Zone {
  std::string family, name, path;
  long index = 0;
  double joules = 0;
};

/// Kernels since 5.10 let only root read the energy, which tells too much of what is computed: then it is absent too.
Result<Outcome> absent_forbidden_or_failed(const std::string& path, const Error& error) {
  const auto reason = absent_or_failed(path, error);
  return !reason && ::access(path.c_str(), R_OK) != 0 ? Outcome::kAbsent : reason;
}

class RaplCollector final : public Collector {
 public:
  explicit RaplCollector(const CollectorContext& context)
      : directory_(context.paths.sys("class/powercap")),
        zone_label_(context.option("rapl.enable-zone-label") == "true") {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto names = list_host_directory(directory_);
    if (!names) return absent_forbidden_or_failed(directory_, names.error());
    std::vector<Zone> zones;
    std::map<std::string, long> uses;
    Outcome outcome = Outcome::kCollected;
    for (const std::string& name : *names) {
      const std::string path = concat(directory_, '/', name);
      const auto zone_name = files_.read(concat(path, "/name"));
      if (!zone_name) continue;  // the control type itself, "intel-rapl"
      const RaplZoneName numbered = number_rapl_zone(*zone_name, uses);
      const std::string energy = concat(path, "/energy_uj");
      const auto text = files_.read_raw(energy);
      if (!text) {
        const auto reason = absent_forbidden_or_failed(energy, text.error());
        if (!reason) return reason;
        outcome = *reason;
        break;
      }
      const auto microjoules = parse_u64(trim(*text));
      if (!microjoules) return fail(concat(energy, ": no whole number: ", quote(*text)));
      zones.push_back({zone_label_ ? "node_rapl_joules_total"
                                   : concat("node_rapl_", to_metric_name(numbered.name), "_joules_total"),
                       numbered.name, path, numbered.index, static_cast<double>(*microjoules) / 1e6});
    }
    write(zones, out);
    return outcome;
  }

 private:
  void write(std::vector<Zone>& zones, prom_text::Writer& out) {
    std::sort(zones.begin(), zones.end(), [](const Zone& a, const Zone& b) {
      return std::tie(a.family, a.index, a.path) < std::tie(b.family, b.index, b.path);
    });
    std::string_view family;
    for (const Zone& zone : zones) {
      if (zone.family != family) {
        family = zone.family;
        const std::string help = zone_label_ ? std::string("Energy used by a part of the processor, in joules.")
                                             : concat("Energy used by ", zone.name, " of the processor, in joules.");
        out.family(families_.get(family, Type::kCounter, help));
      }
      const std::string index = concat(zone.index);
      if (zone_label_) {
        out.sample({{"index", index}, {"path", zone.path}, {"rapl_zone", zone.name}}, zone.joules);
      } else {
        out.sample({{"index", index}, {"path", zone.path}}, zone.joules);
      }
    }
  }

  std::string directory_;
  bool zone_label_;
  AttributeFiles files_;
  DynamicFamilies families_;
};

}  // namespace

RaplZoneName number_rapl_zone(std::string_view zone, std::map<std::string, long>& uses) {
  RaplZoneName numbered;
  const std::size_t dash = zone.find('-');
  const bool one_dash = dash != std::string_view::npos && zone.find('-', dash + 1) == std::string_view::npos;
  const auto index = one_dash ? parse_number<long>(zone.substr(dash + 1)) : std::nullopt;
  if (index) {
    numbered = {std::string(zone.substr(0, dash)), *index};
  } else {
    const auto used = uses.find(std::string(zone));
    numbered = {std::string(zone), used == uses.end() ? 0 : used->second};
  }
  uses[numbered.name] = numbered.index == std::numeric_limits<long>::max() ? 0 : numbered.index + 1;
  return numbered;
}

Result<std::unique_ptr<Collector>> make_rapl_collector(const CollectorContext& context) {
  return std::make_unique<RaplCollector>(context);
}

}  // namespace piman::agent
