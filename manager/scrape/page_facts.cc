// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/page_facts.h"

#include <array>
#include <cmath>

#include "common/prom_parse.h"
#include "common/text.h"

namespace piman::manager {
namespace {

using prom_text::PageReader;
using prom_text::Sample;

/// How near a sensor is to the SoC; the least wins, and of equal ones the first.
enum class Nearness { kSoc, kThermalZone, kHardwareMonitor, kNone };

/// What drivers call the zone of the SoC. It is cpu-thermal on all Pis; older kernels write an underscore.
bool is_soc_zone(std::string_view type) {
  constexpr std::array<std::string_view, 5> kNames = {"cpu-thermal", "cpu_thermal", "soc-thermal", "soc_thermal",
                                                      "x86_pkg_temp"};
  for (const std::string_view name : kNames) {
    if (type == name) return true;
  }
  return false;
}

Nearness nearness_of(const Sample& sample) {
  if (sample.name == "node_hwmon_temp_celsius") return Nearness::kHardwareMonitor;
  if (sample.name != "node_thermal_zone_temp") return Nearness::kNone;
  return is_soc_zone(sample.find_label("type").value_or("")) ? Nearness::kSoc : Nearness::kThermalZone;
}

class FactsReader {
 public:
  void take(const Sample& sample) {
    ++facts_.samples;
    // A page has thousands of samples and four of them matter: look at the names only as far as needed.
    if (sample.name.starts_with("node_")) {
      take_node(sample);
    } else if (sample.name == "rpi_info") {
      facts_.model.clear();
      prom_text::append_unescaped(facts_.model, sample.find_label("model").value_or(""));
    }
  }
  PageFacts result() && { return std::move(facts_); }

 private:
  void take_node(const Sample& sample) {
    if (sample.name == "node_boot_time_seconds") {
      if (std::isfinite(sample.value)) facts_.boot_time_seconds = sample.value;
      return;
    }
    const Nearness nearness = nearness_of(sample);
    if (nearness >= nearest_ || !std::isfinite(sample.value)) return;
    nearest_ = nearness;
    facts_.temperature_celsius = sample.value;
  }

  PageFacts facts_;
  Nearness nearest_ = Nearness::kNone;
};

}  // namespace

Result<PageFacts> read_page_facts(std::string_view page, prom_text::Format format) {
  PageReader reader(page, format);
  FactsReader facts;
  Sample sample;
  while (reader.next(sample)) facts.take(sample);
  if (reader.problem()) return fail(reader.problem()->to_string());
  return std::move(facts).result();
}

}  // namespace piman::manager
