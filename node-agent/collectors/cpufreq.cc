// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/cpufreq.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/host_files.h"
#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Labels;
using prom_text::Type;

/// The files of a policy, in the order of their families' names.
constexpr std::array<std::string_view, 6> kFiles = {"cpuinfo_cur_freq", "cpuinfo_max_freq", "cpuinfo_min_freq",
                                                    "scaling_cur_freq", "scaling_max_freq", "scaling_min_freq"};

/// CPUs that share a clock share a policy: the four of a Pi have one between them, which is read once.
struct Policy {
  std::vector<HostFile> files;  ///< by kFiles
  std::array<std::optional<std::uint64_t>, kFiles.size()> kilohertz;
};

class CpufreqCollector final : public Collector {
 public:
  explicit CpufreqCollector(const CollectorContext& context)
      : directory_(context.paths.sys("devices/system/cpu")),
        first_policy_(concat(directory_, "/cpu0/cpufreq")),
        online_(concat(directory_, "/online"), HostFile::Content::kOnePiece) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    find_policies_if_cpus_changed();
    for (auto& [name, policy] : policies_) {
      for (std::size_t i = 0; i < kFiles.size(); ++i) policy.kilohertz[i] = read_kilohertz(policy.files[i]);
    }
    for (std::size_t i = 0; i < kFiles.size(); ++i) {
      out.family(families_[i]);
      for (const Cpu& cpu : cpus_) {
        if (const auto kilohertz = cpu.policy->kilohertz[i]) {
          out.sample(cpu.labels, static_cast<double>(*kilohertz) * 1000.0);
        }
      }
    }
    // No driver scales these clocks, or only not yet: no failure.
    return policies_.empty() ? Outcome::kNone : Outcome::kCollected;
  }

 private:
  struct Cpu {
    Labels labels;
    const Policy* policy;
  };

  /// A file that may not be read (cpuinfo_cur_freq is for root) or says "<unknown>" is left out.
  static std::optional<std::uint64_t> read_kilohertz(HostFile& file) {
    const auto content = file.read();
    return content ? parse_u64(trim(*content)) : std::nullopt;
  }

  void find_policies_if_cpus_changed() {
    const auto online = online_.read();
    const bool has_driver_come = policies_.empty() && host_path_exists(first_policy_);
    if (online && *online == known_online_ && !has_driver_come) return;
    known_online_ = online ? std::string(*online) : std::string();
    cpus_.clear();
    policies_.clear();
    const auto names = list_host_directory(directory_);
    if (!names) return;
    for (const std::string& name : *names) {
      constexpr std::string_view kPrefix = "cpu";
      const std::string_view number = std::string_view(name).substr(std::min(name.size(), kPrefix.size()));
      if (!name.starts_with(kPrefix) || number.empty() || number.front() < '0' || number.front() > '9') continue;
      add_cpu(number, concat(directory_, '/', name, "/cpufreq"));
    }
  }

  void add_cpu(std::string_view number, const std::string& policy_directory) {
    // "../cpufreq/policy0"; kernels before 4.3 have a directory of its own in each CPU's.
    const auto link = read_host_link(policy_directory);
    if (!link && !host_path_exists(policy_directory)) return;
    const auto [found, is_new] = policies_.try_emplace(link.value_or(policy_directory));
    Policy& policy = found->second;
    if (is_new) {
      for (const std::string_view file : kFiles) {
        policy.files.emplace_back(concat(policy_directory, '/', file), HostFile::Content::kOnePiece);
      }
    }
    cpus_.push_back({Labels({{"cpu", number}}), &policy});
  }

  std::string directory_;
  std::string first_policy_;  ///< comes with the driver, which may be loaded after us
  HostFile online_;
  std::string known_online_;
  std::map<std::string, Policy> policies_;
  std::vector<Cpu> cpus_;
  const std::array<Family, kFiles.size()> families_ = {
      Family("node_cpu_frequency_hertz", Type::kGauge, "Clock rate that the CPU reports, in hertz."),
      Family("node_cpu_frequency_max_hertz", Type::kGauge, "Highest clock rate that the CPU can run at, in hertz."),
      Family("node_cpu_frequency_min_hertz", Type::kGauge, "Lowest clock rate that the CPU can run at, in hertz."),
      Family("node_cpu_scaling_frequency_hertz", Type::kGauge, "Clock rate that the kernel has chosen, in hertz."),
      Family("node_cpu_scaling_frequency_max_hertz", Type::kGauge,
             "Highest clock rate that the kernel may choose, in hertz."),
      Family("node_cpu_scaling_frequency_min_hertz", Type::kGauge,
             "Lowest clock rate that the kernel may choose, in hertz.")};
};

}  // namespace

Result<std::unique_ptr<Collector>> make_cpufreq_collector(const CollectorContext& context) {
  return std::make_unique<CpufreqCollector>(context);
}

}  // namespace piman::agent
