// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "common/prom_parse.h"
#include "common/result.h"
#include "manager/fleet/health_facts.h"

/// What the manager itself wants to know from a node's page of metrics. Pure. The whole page is checked on the way: it
/// is passed on to Prometheus, which would refuse it as a whole for one bad line.
namespace piman::manager {

struct PageFacts {
  std::size_t samples = 0;
  std::optional<double> temperature_celsius;  ///< of the SoC where the page has it, else of the first sensor
  std::optional<double> boot_time_seconds;    ///< Unix time
  std::optional<double> time_seconds;         ///< the node's clock, Unix time
  std::optional<double> processes;
  std::string model;  ///< "Raspberry Pi 4 Model B Rev 1.5"; empty when the page does not say
  HealthFacts health;
};

/// Collects facts from samples, in any order, one page an object.
class PageFactsReader {
 public:
  void take(const prom_text::Sample& sample);
  std::size_t samples() const { return facts_.samples; }
  /// After the last sample.
  PageFacts result();

 private:
  /// How near a sensor is to the SoC; the least wins, and of equal ones the first.
  enum class Nearness { kSoc, kThermalZone, kHardwareMonitor, kNone };

  void take_node(std::string_view name, const prom_text::Sample& sample);
  void take_pi(std::string_view name, const prom_text::Sample& sample);
  void take_cpu(const prom_text::Sample& sample);
  void take_file_system(std::string_view what, const prom_text::Sample& sample);
  void take_condition(const prom_text::Sample& sample, bool occurred);
  void take_temperature(Nearness nearness, double celsius);
  FileSystemFacts* file_system_of(const prom_text::Sample& sample);

  PageFacts facts_;
  Nearness nearest_ = Nearness::kNone;
  std::optional<double> memory_total_, memory_available_;
  std::string label_;  ///< its memory is reused
};

/// The facts of a whole page. Errors: not the exposition format; they name the line.
Result<PageFacts> read_page_facts(std::string_view page, prom_text::Format format);

/// What /events would say of these values, from two pages of a node; `before` is the one before. A value that the pages
/// do not have, or that makes no sense, is absent. Units: percent.
std::optional<double> cpu_percent_between(const std::optional<CpuSeconds>& before,
                                          const std::optional<CpuSeconds>& now);
/// Of the root file system, as df shows it.
std::optional<double> root_disk_percent(const HealthFacts& health);

}  // namespace piman::manager
