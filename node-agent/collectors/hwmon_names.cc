// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/hwmon_names.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>

#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Type;

constexpr std::array<std::string_view, 13> kTypes = {
    "beep_enable", "cpu", "curr", "energy",          "fan", "humidity", "in", "intrusion",
    "power",       "pwm", "temp", "update_interval", "vrm"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_any_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

std::string without_end_underscores(const std::string& text) {
  const std::size_t begin = text.find_first_not_of('_');
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of('_') - begin + 1);
}

struct Unit {
  std::string_view suffix;
  HwmonUnit unit;
  std::string_view words;
};

Unit power_unit(std::string_view property) {
  if (property == "accuracy") return {"", HwmonUnit::kMillionths, "as a ratio"};
  if (is_any_of(property, {"average_interval", "average_interval_min", "average_interval_max"})) {
    return {"_seconds", HwmonUnit::kThousandths, "in seconds"};
  }
  return {"_watt", HwmonUnit::kMillionths, "in watts"};
}

Unit unit_of(std::string_view type, std::string_view property) {
  if (is_any_of(property, {"fault", "alarm"})) return {"", HwmonUnit::kPlain, "1 or 0"};
  if (property == "beep") return {"_enabled", HwmonUnit::kPlain, "1 or 0"};
  if (is_any_of(type, {"in", "cpu"})) return {"_volts", HwmonUnit::kThousandths, "in volts"};
  if (type == "temp" && property != "type") return {"_celsius", HwmonUnit::kThousandths, "in degrees Celsius"};
  if (type == "curr") return {"_amps", HwmonUnit::kThousandths, "in amperes"};
  if (type == "energy") return {"_joule_total", HwmonUnit::kMillionths, "in joules"};
  if (type == "power") return power_unit(property);
  if (type == "humidity") return {"", HwmonUnit::kMillionths, "as a ratio"};
  if (type == "fan" && is_any_of(property, {"input", "min", "max", "target"})) {
    return {"_rpm", HwmonUnit::kPlain, "in rotations a minute"};
  }
  return {"", HwmonUnit::kPlain, "as the driver gives it"};
}

}  // namespace

std::optional<HwmonFileName> parse_hwmon_file_name(std::string_view name) {
  const auto first_digit = std::find_if(name.begin(), name.end(), is_digit);
  const auto type_length = static_cast<std::size_t>(first_digit - name.begin());
  HwmonFileName parsed;
  parsed.type = name.substr(0, type_length);
  if (std::find(kTypes.begin(), kTypes.end(), parsed.type) == kTypes.end()) return std::nullopt;
  std::string_view rest = name.substr(type_length);
  const auto digits_end = std::find_if_not(rest.begin(), rest.end(), is_digit);
  const std::string_view digits = rest.substr(0, static_cast<std::size_t>(digits_end - rest.begin()));
  if (!digits.empty()) {
    const auto number = parse_number<std::uint32_t>(digits);
    if (!number) return std::nullopt;
    parsed.number = *number;
  }
  rest.remove_prefix(digits.size());
  if (rest.empty()) return parsed;
  if (rest.size() < 2 || rest.front() != '_') return std::nullopt;
  parsed.property = rest.substr(1);
  return parsed;
}

std::string clean_hwmon_name(std::string_view text) {
  std::string out;
  for (const char c : to_lower(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) == 0x80U) continue;  // a character of several bytes is one underscore
    const bool kept = (c >= 'a' && c <= 'z') || is_digit(c) || c == ':' || c == '_';
    out.push_back(kept ? c : '_');
  }
  return without_end_underscores(out);
}

double scale_hwmon_value(double value, HwmonUnit unit) {
  switch (unit) {
    case HwmonUnit::kPlain:
      return value;
    case HwmonUnit::kThousandths:
      return value * 0.001;
    case HwmonUnit::kMillionths:
      return value / 1e6;
    case HwmonUnit::kIsOne:
      return value == 1 ? 1 : 0;
  }
  return value;
}

std::optional<HwmonMetric> hwmon_metric(const HwmonFileName& file, bool has_bare_file) {
  // These three are files of the chip, not of one of its sensors.
  if (is_any_of(file.type, {"beep_enable", "vrm", "update_interval"})) {
    if (!file.property.empty()) return std::nullopt;
    if (file.type == "beep_enable") {
      return HwmonMetric{"node_hwmon_beep_enabled", HwmonUnit::kIsOne, Type::kGauge,
                         "Whether the chip may beep: 1 or 0."};
    }
    if (file.type == "vrm") {
      return HwmonMetric{"node_hwmon_voltage_regulator_version", HwmonUnit::kPlain, Type::kGauge,
                         "Version of the voltage regulator's specification, times ten."};
    }
    return HwmonMetric{"node_hwmon_update_interval_seconds", HwmonUnit::kThousandths, Type::kGauge,
                       "How often the chip measures, in seconds."};
  }
  if (file.property == "label") return std::nullopt;
  const Unit unit = unit_of(file.type, file.property);
  HwmonMetric metric;
  metric.name = concat("node_hwmon_", file.type);
  if (file.property == "input") {
    if (has_bare_file) metric.name += "_input";
  } else if (!file.property.empty()) {
    metric.name += concat('_', clean_hwmon_name(file.property));
  }
  metric.name += unit.suffix;
  metric.unit = unit.unit;
  if (unit.suffix == "_joule_total") metric.type = Type::kCounter;
  const std::string_view property = file.property.empty() ? std::string_view("input") : file.property;
  metric.help = concat("Value \"", property, "\" of a hardware monitor's ", file.type, " sensor, ", unit.words, '.');
  return metric;
}

}  // namespace piman::agent
