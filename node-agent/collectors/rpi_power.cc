// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/rpi_power.h"

#include <string>
#include <utility>
#include <vector>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/attribute_files.h"
#include "node-agent/board_revision.h"
#include "node-agent/board_watch.h"
#include "node-agent/device_tree.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Labels;
using prom_text::Type;

class RpiPowerCollector final : public Collector {
 public:
  explicit RpiPowerCollector(const CollectorContext& context)
      : paths_(context.paths),
        board_(board_watch_of(context)),
        hwmon_(paths_.sys("class/hwmon")),
        battery_(paths_.sys("class/rtc/rtc0/battery_voltage")),
        poe_now_(paths_.sys("class/power_supply/rpi-poe/current_now")),
        poe_most_(paths_.sys("class/power_supply/rpi-poe/current_max")) {
    const auto& identity = board_->identity();
    if (!identity) return;
    const auto revision = identity->revision_code ? decode_revision(*identity->revision_code) : std::nullopt;
    has_pmic_adc_ = revision && revision->processor == "BCM2712";
    most_milliamperes_ = read_device_tree_cell(paths_, "chosen/power/max_current");
    if (most_milliamperes_ == 0U) most_milliamperes_.reset();
    usb_high_limit_ = read_device_tree_cell(paths_, "chosen/power/usb_max_current_enable");
    usb_over_current_ = read_device_tree_cell(paths_, "chosen/power/usb_over_current_detected");
    const auto objects = read_device_tree_cells(paths_, "chosen/power/usbpd_power_data_objects");
    if (!objects) return;
    for (const auto& [volts, amperes] : parse_supply_offers(*objects)) {
      offers_.emplace_back(Labels({{"volts", concat(volts)}}), amperes);
    }
  }

  Result<Outcome> collect(prom_text::Writer& out) override {
    if (!board_->identity()) return Outcome::kAbsent;
    const std::size_t before = out.sample_count();
    constexpr double kMicro = 1e-6, kMilli = 1e-3;
    if (const auto rpm = read_fan()) out.single(fan_, *rpm);
    if (has_pmic_adc_) write_pmic(out);
    if (const auto now = files_.read_i64(poe_now_)) out.single(poe_current_, static_cast<double>(*now) * kMicro);
    if (const auto most = files_.read_i64(poe_most_))
      out.single(poe_most_current_, static_cast<double>(*most) * kMicro);
    if (most_milliamperes_) out.single(supply_most_, static_cast<double>(*most_milliamperes_) * kMilli);
    out.family(supply_offer_);
    for (const auto& [labels, amperes] : offers_) out.sample(labels, amperes);
    if (const auto volts = files_.read_i64(battery_)) out.single(battery_volts_, static_cast<double>(*volts) * kMicro);
    if (usb_high_limit_) out.single(usb_limit_, std::uint64_t{*usb_high_limit_ != 0 ? 1U : 0U});
    if (usb_over_current_) out.single(usb_over_, std::uint64_t{*usb_over_current_ != 0 ? 1U : 0U});
    return out.sample_count() > before ? Outcome::kCollected : Outcome::kAbsent;
  }

 private:
  /// The fan's place has another number after each boot, and after its driver was loaded anew.
  std::optional<std::uint64_t> read_fan() {
    if (!fan_path_.empty()) {
      if (const auto rpm = files_.read_u64(fan_path_)) return rpm;
      fan_path_.clear();
    }
    const auto names = list_host_directory(hwmon_);
    if (!names) return std::nullopt;
    for (const std::string& name : *names) {
      if (files_.read(concat(hwmon_, '/', name, "/name")) != "pwmfan") continue;
      std::string path = concat(hwmon_, '/', name, "/fan1_input");
      const auto rpm = files_.read_u64(path);
      if (!rpm) continue;
      fan_path_ = std::move(path);
      return rpm;
    }
    return std::nullopt;
  }

  void write_pmic(prom_text::Writer& out) {
    const auto text = board_->mailbox().ask_command("pmic_read_adc");
    if (!text || !*text) return;
    std::map<std::string_view, double> amperes, volts;
    std::string_view rest = **text;
    while (!rest.empty()) {
      const auto reading = parse_pmic_reading(next_line(rest));
      if (reading) (reading->is_current ? amperes : volts)[reading->rail] = reading->value;
    }
    out.family(pmic_amperes_);
    for (const auto& [rail, value] : amperes) out.sample({{"rail", rail}}, value);
    out.family(pmic_volts_);
    for (const auto& [rail, value] : volts) out.sample({{"rail", rail}}, value);
  }

  const HostPaths paths_;
  const std::shared_ptr<BoardWatch> board_;
  const std::string hwmon_, battery_, poe_now_, poe_most_;
  std::string fan_path_;
  AttributeFiles files_;
  bool has_pmic_adc_ = false;
  std::optional<std::uint32_t> most_milliamperes_, usb_high_limit_, usb_over_current_;
  std::vector<std::pair<Labels, double>> offers_;

  const Family fan_{"rpi_fan_speed_rpm", Type::kGauge, "Speed of the fan on the board's connector, in turns a minute."};
  const Family pmic_amperes_{"rpi_pmic_amperes", Type::kGauge,
                             "Current out of a rail of the power management chip, in amperes."};
  const Family pmic_volts_{
      "rpi_pmic_volts", Type::kGauge,
      "Voltage of a rail of the power management chip, in volts; EXT5V is what the supply delivers."};
  const Family poe_current_{"rpi_poe_current_amperes", Type::kGauge, "Current out of the PoE HAT, in amperes."};
  const Family poe_most_current_{"rpi_poe_max_current_amperes", Type::kGauge,
                                 "Current that the PoE HAT may deliver by its class, in amperes."};
  const Family supply_most_{"rpi_power_supply_max_current_amperes", Type::kGauge,
                            "Current that the power supply can deliver at 5 V, in amperes."};
  const Family supply_offer_{"rpi_power_supply_offer_amperes", Type::kGauge,
                             "Current that a USB-PD supply has offered at a voltage, in amperes."};
  const Family battery_volts_{"rpi_rtc_battery_volts", Type::kGauge, "Voltage of the clock's battery, in volts."};
  const Family usb_limit_{"rpi_usb_high_current_enabled", Type::kGauge,
                          "Whether the USB ports may draw their full current: 1, or 0 for 600 mA in all."};
  const Family usb_over_{"rpi_usb_over_current_at_boot", Type::kGauge,
                         "Whether a USB port drew too much while the board booted: 1 or 0."};
};

}  // namespace

std::map<double, double> parse_supply_offers(std::span<const std::uint32_t> power_data_objects) {
  std::map<double, double> offers;
  for (const std::uint32_t object : power_data_objects) {
    constexpr std::uint32_t kFixedSupply = 0, kTenBits = 0x3FF;
    if (object >> 30 != kFixedSupply) continue;
    const std::uint32_t fifty_millivolts = object >> 10 & kTenBits, ten_milliamperes = object & kTenBits;
    if (fifty_millivolts == 0 || ten_milliamperes == 0) continue;  // places that the supply did not fill
    offers[static_cast<double>(fifty_millivolts) / 20] = static_cast<double>(ten_milliamperes) / 100;
  }
  return offers;
}

std::optional<PmicReading> parse_pmic_reading(std::string_view line) {
  line = trim(line);
  PmicReading reading;
  std::string_view name = next_field(line);
  reading.is_current = name.ends_with("_A");
  const char unit = reading.is_current ? 'A' : 'V';
  if (!reading.is_current && !name.ends_with("_V")) return std::nullopt;
  name.remove_suffix(2);
  const std::size_t at = line.find('=');
  if (name.empty() || at == std::string_view::npos || !line.ends_with(unit)) return std::nullopt;
  line.remove_prefix(at + 1);
  if (line.empty()) return std::nullopt;
  line.remove_suffix(1);
  const auto value = parse_double(line);
  constexpr double kMost = 1000;  // neither "nan" nor "inf", which the parser would take
  if (!value || !(*value > -kMost && *value < kMost)) return std::nullopt;
  reading.rail = name;
  reading.value = *value;
  return reading;
}

Result<std::unique_ptr<Collector>> make_rpi_power_collector(const CollectorContext& context) {
  return std::make_unique<RpiPowerCollector>(context);
}

}  // namespace piman::agent
