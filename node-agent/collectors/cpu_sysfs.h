// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/host_files.h"
#include "common/host_paths.h"
#include "common/prom_text.h"

/// What sysfs adds to the cpu collector: which CPUs the scheduler leaves alone, and how often x86 CPUs were slowed down
/// by their temperature, from devices/system/cpu.
namespace piman::agent {

/// CPU numbers out of a list like "1-3,5", ascending, each once. Nothing when it is none, or names a CPU beyond 65535.
/// Source: Documentation/admin-guide/cputopology.rst of the kernel.
std::optional<std::vector<std::uint32_t>> parse_cpu_list(std::string_view text);

/// Thread-safety: none.
class CpuThrottles {
 public:
  explicit CpuThrottles(const HostPaths& paths) : directory_(paths.sys("devices/system/cpu")) {}
  /// Looks which CPU belongs to which core and package, and which of them count. Costs a listing and two reads a CPU,
  /// so it is done only when CPUs came or went.
  void scan();
  void write_cores(prom_text::Writer& out);
  void write_packages(prom_text::Writer& out);

 private:
  using Core = std::pair<std::uint64_t, std::uint64_t>;  ///< package and core

  std::string directory_;
  std::map<Core, HostFile> cores_;
  std::map<std::uint64_t, HostFile> packages_;
  const prom_text::Family core_throttles_{"node_cpu_core_throttles_total", prom_text::Type::kCounter,
                                          "Times that a core was slowed down because it was too hot."};
  const prom_text::Family package_throttles_{"node_cpu_package_throttles_total", prom_text::Type::kCounter,
                                             "Times that a package was slowed down because it was too hot."};
};

}  // namespace piman::agent
