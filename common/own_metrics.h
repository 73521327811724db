// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <prometheus/registry.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/host_files.h"
#include "common/host_paths.h"
#include "common/prom_text.h"

/// What a program says of itself, beside what it measures: counters kept in a prometheus-cpp registry, and the
/// process_* families that every Prometheus client library exports.
namespace piman {

/// Appends a registry's counters, gauges and histograms to a page.
void write_registry(const prometheus::Registry& registry, prom_text::Writer& out);

/// process_cpu_seconds_total, process_resident_memory_bytes, ... of this process.
/// Thread-safety: none.
class ProcessMetrics {
 public:
  explicit ProcessMetrics(const HostPaths& paths);
  void write(prom_text::Writer& out);

 private:
  std::optional<std::uint64_t> count_open_fds() const;

  HostFile stat_;
  std::string fd_directory_;
  bool fds_are_the_kernels_;
  double start_time_ = 0;
  prom_text::Family cpu_, resident_, virtual_, virtual_most_, open_fds_, most_fds_, start_, threads_;
};

}  // namespace piman
