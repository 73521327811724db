// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/thermal_zone.h"

#include <cstdint>
#include <optional>
#include <vector>

#include "common/host_files.h"
#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

class ThermalZoneCollector final : public Collector {
 public:
  explicit ThermalZoneCollector(const CollectorContext& context) : directory_(context.paths.sys("class/thermal")) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto names = list_host_directory(directory_);
    if (!names) return Outcome::kAbsent;
    if (names->empty()) return Outcome::kNone;
    collect_cooling_devices(*names, out);
    collect_zones(*names, out);
    return Outcome::kCollected;
  }

 private:
  void collect_zones(const std::vector<std::string>& names, prom_text::Writer& out) const {
    constexpr std::string_view kPrefix = "thermal_zone";
    out.family(temperature_);
    for (const std::string& name : names) {
      if (!name.starts_with(kPrefix)) continue;
      const auto type = read_host_text(concat(directory_, '/', name, "/type"));
      // A zone whose sensor is off (a Wi-Fi chip that sleeps) answers EAGAIN, EINVAL or ENODATA: absent, not an error.
      const auto millidegrees = read_host_i64(concat(directory_, '/', name, "/temp"));
      if (!type || !millidegrees) continue;
      out.sample({{"type", *type}, {"zone", name.substr(kPrefix.size())}}, static_cast<double>(*millidegrees) / 1000.0);
    }
  }

  void collect_cooling_devices(const std::vector<std::string>& names, prom_text::Writer& out) const {
    constexpr std::string_view kPrefix = "cooling_device";
    struct Device {
      std::string name, type;
      std::int64_t current_state, most_state;
    };
    std::vector<Device> devices;
    for (const std::string& name : names) {
      if (!name.starts_with(kPrefix)) continue;
      const auto type = read_host_text(concat(directory_, '/', name, "/type"));
      const auto current = read_host_i64(concat(directory_, '/', name, "/cur_state"));
      const auto most = read_host_i64(concat(directory_, '/', name, "/max_state"));
      if (type && current && most) devices.push_back({name.substr(kPrefix.size()), *type, *current, *most});
    }
    out.family(cooling_now_);
    for (const Device& device : devices) {
      out.sample({{"name", device.name}, {"type", device.type}}, static_cast<double>(device.current_state));
    }
    out.family(cooling_most_);
    for (const Device& device : devices) {
      out.sample({{"name", device.name}, {"type", device.type}}, static_cast<double>(device.most_state));
    }
  }

  std::string directory_;
  const Family temperature_{"node_thermal_zone_temp", Type::kGauge,
                            "Temperature of a thermal zone, in degrees Celsius."};
  const Family cooling_now_{"node_cooling_device_cur_state", Type::kGauge,
                            "How hard a cooling device works: 0 to its max_state."};
  const Family cooling_most_{"node_cooling_device_max_state", Type::kGauge,
                             "The hardest that a cooling device can work."};
};

}  // namespace

Result<std::unique_ptr<Collector>> make_thermal_zone_collector(const CollectorContext& context) {
  return std::make_unique<ThermalZoneCollector>(context);
}

}  // namespace piman::agent
