// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/page_facts.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "common/text.h"

namespace piman::manager {
namespace {

using prom_text::LabelReader;
using prom_text::Sample;

/// What drivers call the zone of the SoC. It is cpu-thermal on all Pis; older kernels write an underscore.
bool is_soc_zone(std::string_view type) {
  constexpr std::array<std::string_view, 5> kNames = {"cpu-thermal", "cpu_thermal", "soc-thermal", "soc_thermal",
                                                      "x86_pkg_temp"};
  return std::find(kNames.begin(), kNames.end(), type) != kNames.end();
}

void take_most(std::optional<double>& most, double value) { most = std::max(most.value_or(value), value); }

double rounded_percent(double ratio) { return std::round(std::clamp(ratio, 0.0, 1.0) * 1000) / 10; }

}  // namespace

void PageFactsReader::take(const Sample& sample) {
  ++facts_.samples;
  // A page has hundreds of samples and a few of them matter: look at the names only as far as needed.
  if (sample.name.starts_with("node_")) {
    take_node(sample.name.substr(5), sample);
  } else if (sample.name.starts_with("rpi_")) {
    take_pi(sample.name.substr(4), sample);
  }
}

void PageFactsReader::take_node(std::string_view name, const Sample& sample) {
  const double value = sample.value;
  if (name.empty() || !std::isfinite(value)) return;
  switch (name.front()) {
    case 'b':
      if (name == "boot_time_seconds") facts_.boot_time_seconds = value;
      break;
    case 'c':
      if (name == "cpu_seconds_total") take_cpu(sample);
      break;
    case 'f':
      if (name.starts_with("filesystem_")) take_file_system(name.substr(11), sample);
      break;
    case 'h':
      if (name == "hwmon_temp_celsius") take_temperature(Nearness::kHardwareMonitor, value);
      break;
    case 'm':
      if (name == "memory_MemTotal_bytes") memory_total_ = value;
      if (name == "memory_MemAvailable_bytes") memory_available_ = value;
      break;
    case 'p':
      if (name == "processes_pids") facts_.processes = value;
      break;
    case 't':
      if (name == "time_seconds") facts_.time_seconds = value;
      if (name == "timex_sync_status") facts_.health.clock_synchronised = value != 0;
      if (name == "thermal_zone_temp") {
        const bool soc = is_soc_zone(sample.find_label("type").value_or(""));
        take_temperature(soc ? Nearness::kSoc : Nearness::kThermalZone, value);
      }
      break;
    default:
      break;
  }
}

void PageFactsReader::take_pi(std::string_view name, const Sample& sample) {
  HealthFacts& health = facts_.health;
  const double value = sample.value;
  if (!std::isfinite(value)) return;
  if (name == "throttled") {
    take_condition(sample, false);
  } else if (name == "throttled_occurred") {
    take_condition(sample, true);
  } else if (name == "info") {
    facts_.model.clear();
    prom_text::append_unescaped(facts_.model, sample.find_label("model").value_or(""));
  } else if (name == "root_readonly") {
    health.root_read_only = value != 0;
  } else if (name == "mmc_life_time_used_ratio") {
    take_most(health.mmc_life_used_ratio, value);
  } else if (name == "mmc_pre_eol_state") {
    take_most(health.mmc_pre_eol_state, value);
  } else if (name == "mmc_info" && health.mmc_name.empty()) {
    prom_text::append_unescaped(health.mmc_name, sample.find_label("name").value_or(""));
  } else if (name == "ext4_errors_total") {
    health.ext4_errors = health.ext4_errors.value_or(0) + value;
  } else if (name == "kernel_messages_total") {
    if (sample.find_label("kind").value_or("") == "mmc_error") health.mmc_errors = value;
  } else if (name == "reboot_required") {
    health.reboot_required = value != 0;
  } else if (name == "unclean_shutdown") {
    health.unclean_shutdown = value != 0;
  }
}

/// Guest time stands in a family of its own and is in "user" already. Waiting for I/O is not busy.
void PageFactsReader::take_cpu(const Sample& sample) {
  if (!facts_.health.cpu) facts_.health.cpu = CpuSeconds{};
  CpuSeconds& cpu = *facts_.health.cpu;
  const std::string_view mode = sample.find_label("mode").value_or("");
  cpu.all += sample.value;
  if (mode != "idle" && mode != "iowait") cpu.busy += sample.value;
}

void PageFactsReader::take_temperature(Nearness nearness, double celsius) {
  if (nearness >= nearest_) return;
  nearest_ = nearness;
  facts_.temperature_celsius = celsius;
}

void PageFactsReader::take_condition(const Sample& sample, bool occurred) {
  HealthFacts& health = facts_.health;
  const std::string_view condition = sample.find_label("condition").value_or("");
  const bool holds = sample.value != 0;
  if (condition == "under_voltage") {
    (occurred ? health.under_voltage_occurred : health.under_voltage) = holds;
  } else if (condition == "throttled") {
    (occurred ? health.throttled_occurred : health.throttled) = holds;
  } else if (!occurred && condition == "frequency_capped") {
    health.frequency_capped = holds;
  } else if (!occurred && condition == "soft_temp_limit") {
    health.soft_temperature_limit = holds;
  }
}

FileSystemFacts* PageFactsReader::file_system_of(const Sample& sample) {
  std::string_view mount_point, device, type, name, value;
  LabelReader labels(sample.labels);
  while (labels.next(name, value)) {
    if (name == "mountpoint") mount_point = value;
    if (name == "device") device = value;
    if (name == "fstype") type = value;
  }
  if (mount_point.empty()) return nullptr;
  label_.clear();
  prom_text::append_unescaped(label_, mount_point);
  auto& all = facts_.health.file_systems;
  const auto known = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.mount_point == label_; });
  if (known != all.end()) return &*known;
  if (all.size() >= kMostFileSystems) return nullptr;
  FileSystemFacts& made = all.emplace_back();
  made.mount_point = label_;
  prom_text::append_unescaped(made.device, device);
  prom_text::append_unescaped(made.type, type);
  return &made;
}

void PageFactsReader::take_file_system(std::string_view what, const Sample& sample) {
  const bool flag = what == "readonly";
  std::optional<double> FileSystemFacts::*member = what == "size_bytes"    ? &FileSystemFacts::size_bytes
                                                   : what == "free_bytes"  ? &FileSystemFacts::free_bytes
                                                   : what == "avail_bytes" ? &FileSystemFacts::available_bytes
                                                                           : nullptr;
  if (!flag && member == nullptr) return;
  FileSystemFacts* const one = file_system_of(sample);
  if (one == nullptr) return;
  if (flag) {
    one->read_only = sample.value != 0;
  } else {
    one->*member = sample.value;
  }
}

PageFacts PageFactsReader::result() {
  HealthFacts& health = facts_.health;
  if (memory_total_ && memory_available_ && *memory_total_ > 0) {
    health.memory_percent = rounded_percent((*memory_total_ - *memory_available_) / *memory_total_);
  }
  if (!health.root_read_only) {  // another exporter than ours
    if (const FileSystemFacts* root = health.file_system("/")) health.root_read_only = root->read_only;
  }
  return std::move(facts_);
}

Result<PageFacts> read_page_facts(std::string_view page, prom_text::Format format) {
  prom_text::PageReader reader(page, format);
  PageFactsReader facts;
  Sample sample;
  while (reader.next(sample)) facts.take(sample);
  if (reader.problem()) return fail(reader.problem()->to_string());
  return facts.result();
}

std::optional<double> cpu_percent_between(const std::optional<CpuSeconds>& before,
                                          const std::optional<CpuSeconds>& now) {
  if (!before || !now) return std::nullopt;
  const double all = now->all - before->all;
  const double busy = now->busy - before->busy;
  // Less than before: it has booted, or a CPU is gone.
  if (all <= 0 || busy < 0) return std::nullopt;
  return rounded_percent(busy / all);
}

std::optional<double> root_disk_percent(const HealthFacts& health) {
  const FileSystemFacts* const root = health.file_system("/");
  if (root == nullptr || !root->size_bytes || !root->free_bytes || !root->available_bytes) return std::nullopt;
  const double used = *root->size_bytes - *root->free_bytes;
  const double all = used + *root->available_bytes;
  if (used < 0 || all <= 0) return std::nullopt;
  return rounded_percent(used / all);
}

}  // namespace piman::manager
