// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/powersupplyclass.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/absence.h"
#include "node-agent/attribute_files.h"
#include "node-agent/dynamic_families.h"
#include "node-agent/name_filter.h"

namespace piman::agent {
namespace {

using prom_text::Type;

/// A numeric attribute and the family that reports it. The kernel counts in micro-units and tenths of a degree.
struct Number {
  std::string_view family, attribute;
  double divisor;
};
constexpr double kOne = 1, kMicro = 1e6, kTenth = 10;
// Sorted by family. Source: Documentation/ABI/testing/sysfs-class-power of the kernel.
constexpr std::array kNumbers = {Number{"authentic", "authentic", kOne},
                                 Number{"calibrate", "calibrate", kOne},
                                 Number{"capacity", "capacity", kOne},
                                 Number{"capacity_alert_max", "capacity_alert_max", kOne},
                                 Number{"capacity_alert_min", "capacity_alert_min", kOne},
                                 Number{"charge_ampere", "charge_now", kMicro},
                                 Number{"charge_control_limit", "charge_control_limit", kMicro},
                                 Number{"charge_control_limit_max", "charge_control_limit_max", kMicro},
                                 Number{"charge_counter", "charge_counter", kMicro},
                                 Number{"charge_empty", "charge_empty", kMicro},
                                 Number{"charge_empty_design", "charge_empty_design", kMicro},
                                 Number{"charge_full", "charge_full", kMicro},
                                 Number{"charge_full_design", "charge_full_design", kMicro},
                                 Number{"charge_term_current", "charge_term_current", kMicro},
                                 Number{"constant_charge_current", "constant_charge_current", kMicro},
                                 Number{"constant_charge_current_max", "constant_charge_current_max", kMicro},
                                 Number{"constant_charge_voltage", "constant_charge_voltage", kMicro},
                                 Number{"constant_charge_voltage_max", "constant_charge_voltage_max", kMicro},
                                 Number{"current_ampere", "current_now", kMicro},
                                 Number{"current_boot", "current_boot", kMicro},
                                 Number{"current_max", "current_max", kMicro},
                                 Number{"cyclecount", "cycle_count", kOne},
                                 Number{"energy_empty", "energy_empty", kMicro},
                                 Number{"energy_empty_design", "energy_empty_design", kMicro},
                                 Number{"energy_full", "energy_full", kMicro},
                                 Number{"energy_full_design", "energy_full_design", kMicro},
                                 Number{"energy_watthour", "energy_now", kMicro},
                                 Number{"input_current_limit", "input_current_limit", kMicro},
                                 Number{"online", "online", kOne},
                                 Number{"power_watt", "power_now", kMicro},
                                 Number{"precharge_current", "precharge_current", kMicro},
                                 Number{"present", "present", kOne},
                                 Number{"temp_alert_max_celsius", "temp_alert_max", kTenth},
                                 Number{"temp_alert_min_celsius", "temp_alert_min", kTenth},
                                 Number{"temp_ambient_celsius", "temp_ambient", kTenth},
                                 Number{"temp_ambient_max_celsius", "temp_ambient_max", kTenth},
                                 Number{"temp_ambient_min_celsius", "temp_ambient_min", kTenth},
                                 Number{"temp_celsius", "temp", kTenth},
                                 Number{"temp_max_celsius", "temp_max", kTenth},
                                 Number{"temp_min_celsius", "temp_min", kTenth},
                                 Number{"time_to_empty_seconds", "time_to_empty_now", kOne},
                                 Number{"time_to_full_seconds", "time_to_full_now", kOne},
                                 Number{"voltage_boot", "voltage_boot", kMicro},
                                 Number{"voltage_max", "voltage_max", kMicro},
                                 Number{"voltage_max_design", "voltage_max_design", kMicro},
                                 Number{"voltage_min", "voltage_min", kMicro},
                                 Number{"voltage_min_design", "voltage_min_design", kMicro},
                                 Number{"voltage_ocv", "voltage_ocv", kMicro},
                                 Number{"voltage_volt", "voltage_now", kMicro}};
/// Labels of the info family, in the order of their names; "power_supply" is the directory's name.
constexpr std::array<std::string_view, 12> kWords = {"capacity_level", "charge_type",  "health", "manufacturer",
                                                     "model_name",     "power_supply", "scope",  "serial_number",
                                                     "status",         "technology",   "type",   "usb_type"};

struct Supply {
  std::string name;
  std::array<std::optional<std::int64_t>, kNumbers.size()> numbers;
  std::array<std::string, kWords.size()> words;
};

/// Some batteries end their name in arbitrary bytes: each run of them becomes one replacement character.
std::string printable(std::string_view text) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  const std::string replaced = is_valid_utf8(text) ? std::string(text) : to_valid_utf8(text);
  std::string out;
  for (std::string_view rest = replaced; !rest.empty();) {
    const bool repeated = rest.starts_with(kReplacement) && out.ends_with(kReplacement) && replaced != text;
    const std::size_t length = rest.starts_with(kReplacement) ? kReplacement.size() : 1;
    if (!repeated) out += rest.substr(0, length);
    rest.remove_prefix(length);
  }
  return out;
}

class PowersupplyclassCollector final : public Collector {
 public:
  PowersupplyclassCollector(const CollectorContext& context, NameFilter filter)
      : directory_(context.paths.sys("class/power_supply")), filter_(std::move(filter)) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto names = list_host_directory(directory_);
    if (!names) return absent_or_failed(directory_, names.error());
    if (names->empty()) return Outcome::kNone;
    std::vector<Supply> supplies;
    for (const std::string& name : *names) {
      if (filter_.ignores(name)) continue;
      auto supply = read(name);
      if (!supply) return fail(supply.error().message);
      supplies.push_back(std::move(*supply));
    }
    bool info_written = false;
    for (std::size_t i = 0; i < kNumbers.size(); ++i) {
      if (!info_written && kNumbers[i].family > "info") {
        write_info(supplies, out);
        info_written = true;
      }
      write_number(i, supplies, out);
    }
    return Outcome::kCollected;
  }

 private:
  Result<Supply> read(const std::string& name) {
    Supply supply;
    supply.name = name;
    const std::string path = concat(directory_, '/', name);
    // A supply has a dozen of the sixty: the listing says which.
    const auto attributes = list_host_directory(path);
    if (!attributes) return fail(attributes.error().message);
    const auto has = [&](std::string_view attribute) {
      return std::binary_search(attributes->begin(), attributes->end(), attribute);
    };
    for (std::size_t i = 0; i < kNumbers.size(); ++i) {
      if (!has(kNumbers[i].attribute)) continue;
      const std::string file = concat(path, '/', kNumbers[i].attribute);
      const auto text = files_.read(file);
      if (!text) continue;  // EINVAL, ENODATA: the supply can't tell now
      supply.numbers[i] = parse_i64(*text);
      if (!supply.numbers[i]) return fail(concat(file, ": no whole number: ", quote(*text)));
    }
    for (std::size_t i = 0; i < kWords.size(); ++i) {
      if (kWords[i] == "power_supply") {
        supply.words[i] = name;
      } else if (has(kWords[i])) {
        supply.words[i] = printable(files_.read(concat(path, '/', kWords[i])).value_or(std::string_view()));
      }
    }
    return supply;
  }

  void write_number(std::size_t index, const std::vector<Supply>& supplies, prom_text::Writer& out) {
    const bool any =
        std::any_of(supplies.begin(), supplies.end(), [&](const Supply& supply) { return supply.numbers[index]; });
    if (!any) return;
    const Number& number = kNumbers[index];
    out.family(families_.get(concat("node_power_supply_", number.family), Type::kGauge,
                             concat("Attribute ", number.attribute, " of a power supply.")));
    for (const Supply& supply : supplies) {
      if (!supply.numbers[index]) continue;
      out.sample({{"power_supply", supply.name}}, static_cast<double>(*supply.numbers[index]) / number.divisor);
    }
  }

  void write_info(const std::vector<Supply>& supplies, prom_text::Writer& out) const {
    out.family(info_);
    for (const Supply& supply : supplies) {
      std::string labels;
      for (std::size_t i = 0; i < kWords.size(); ++i) {
        if (supply.words[i].empty()) continue;
        labels += concat(labels.empty() ? '{' : ',', kWords[i], "=\"");
        prom_text::append_label_value(labels, supply.words[i]);
        labels.push_back('"');
      }
      labels.push_back('}');
      out.sample_rendered(labels, 1);
    }
  }

  std::string directory_;
  NameFilter filter_;
  AttributeFiles files_;
  DynamicFamilies families_;
  const prom_text::Family info_{"node_power_supply_info", Type::kGauge,
                                "Always 1; the labels hold what a power supply says of itself in words."};
};

}  // namespace

Result<std::unique_ptr<Collector>> make_powersupplyclass_collector(const CollectorContext& context) {
  constexpr std::string_view kOption = "powersupply.ignored-supplies";
  auto filter = NameFilter::make(kOption, context.option(kOption), "");
  if (!filter) return fail(filter.error().message);
  return std::make_unique<PowersupplyclassCollector>(context, std::move(*filter));
}

}  // namespace piman::agent
