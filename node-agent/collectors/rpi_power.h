// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "node-agent/collector.h"

/// What feeds and cools a Raspberry Pi: power supply, rails, clock battery, PoE HAT, fan. From device-tree under
/// procfs, class/{hwmon,rtc,power_supply} under sysfs and the firmware's mailbox.
namespace piman::agent {

/// What a USB-PD supply offers: volts -> amperes, of its fixed voltages.
/// Source: USB Power Delivery 3.0, section 6.4.1.2, "Fixed Supply PDO".
std::map<double, double> parse_supply_offers(std::span<const std::uint32_t> power_data_objects);

/// A line of pmic_read_adc: "EXT5V_V volt(24)=5.15098000V".
struct PmicReading {
  std::string_view rail;    ///< "EXT5V"
  bool is_current = false;  ///< amperes, else volts
  double value = 0;
};
std::optional<PmicReading> parse_pmic_reading(std::string_view line);

Result<std::unique_ptr<Collector>> make_rpi_power_collector(const CollectorContext& context);

}  // namespace piman::agent
