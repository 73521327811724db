// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/prom_text.h"

/// How the files of a hardware monitor become metrics. Pure.
/// Source: Documentation/hwmon/sysfs-interface.rst of the kernel; names and units as node_exporter has them.
namespace piman::agent {

/// A file's name in parts: "temp1_crit_alarm" is temp, 1, crit_alarm; "pwm1" has no property, "update_interval" no
/// number, which counts as 0.
struct HwmonFileName {
  std::string_view type;
  std::uint32_t number = 0;
  std::string_view property;
};
/// Nothing for a name of another form, or of no type that hardware monitors have.
std::optional<HwmonFileName> parse_hwmon_file_name(std::string_view name);

/// Lower case, everything but a-z, 0-9, ':' and '_' as '_', none of them at the ends.
std::string clean_hwmon_name(std::string_view text);

/// How a value of the kernel becomes one in the metric's unit.
enum class HwmonUnit { kPlain, kThousandths, kMillionths, kIsOne };
double scale_hwmon_value(double value, HwmonUnit unit);

struct HwmonMetric {
  std::string name;
  HwmonUnit unit = HwmonUnit::kPlain;
  prom_text::Type type = prom_text::Type::kGauge;
  std::string help;
};
/// Nothing for a file that is no value, such as a label. `has_bare_file`: the sensor has a file without a property too
/// ("fan1" beside "fan1_input"), which then owns the short name.
std::optional<HwmonMetric> hwmon_metric(const HwmonFileName& file, bool has_bare_file);

}  // namespace piman::agent
