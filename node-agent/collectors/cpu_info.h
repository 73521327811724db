// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/host_files.h"
#include "common/host_paths.h"
#include "common/prom_text.h"
#include "common/result.h"
#include "node-agent/name_filter.h"

/// What kind of CPUs these are, from cpuinfo under procfs: the part of the cpu collector behind --collector.cpu.info.
namespace piman::agent {

/// One CPU as cpuinfo describes it; what the architecture does not say is empty.
struct CpuDescription {
  std::string_view processor;  ///< "0"
  std::string_view package, core, vendor, family, model, model_name, microcode, stepping, cache_size;
};
struct CpuInfo {
  std::vector<CpuDescription> cpus;
  std::string_view flags, bugs;  ///< of the first CPU, separated by blanks
};
/// Understands the x86 and the ARM form. Errors: no "processor" line before anything else, or one without a number.
Result<CpuInfo> parse_cpuinfo(std::string_view content);

/// Thread-safety: none.
class CpuInfoFamilies {
 public:
  /// A filter that is absent means that its family is not wanted.
  CpuInfoFamilies(const HostPaths& paths, std::optional<NameFilter> flags, std::optional<NameFilter> bugs);
  /// Errors name the file.
  Result<CpuInfo> read();
  void write_bugs(const CpuInfo& info, prom_text::Writer& out) { write_names(info.bugs, bugs_filter_, bugs_, out); }
  void write_flags(const CpuInfo& info, prom_text::Writer& out) { write_names(info.flags, flags_filter_, flags_, out); }
  void write_info(const CpuInfo& info, prom_text::Writer& out) const;

 private:
  struct NamesFamily {
    prom_text::Family family;
    std::string_view label;
  };
  static void write_names(std::string_view names, std::optional<NameFilter>& filter, const NamesFamily& target,
                          prom_text::Writer& out);

  HostFile file_;
  std::optional<NameFilter> flags_filter_, bugs_filter_;
  const prom_text::Family info_{"node_cpu_info", prom_text::Type::kGauge,
                                "Always 1; the labels hold what the CPU says of itself."};
  const NamesFamily flags_{{"node_cpu_flag_info", prom_text::Type::kGauge, "Always 1 for each feature of the CPU."},
                           "flag"};
  const NamesFamily bugs_{{"node_cpu_bug_info", prom_text::Type::kGauge, "Always 1 for each flaw that the CPU has."},
                          "bug"};
};

}  // namespace piman::agent
