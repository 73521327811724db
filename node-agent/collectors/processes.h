// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "node-agent/collector.h"

/// Processes and threads by state, from each process' stat under procfs. With some hundred processes this costs more
/// than all other collectors together, and so is off by default.
namespace piman::agent {

/// What is reported of a process' or thread's stat. Source: proc(5), "/proc/pid/stat".
struct ProcessStat {
  char state = '?';  ///< 'R', 'S', ...
  std::uint64_t threads = 0;
};
/// Nothing when the text is cut before the number of threads. Pure.
std::optional<ProcessStat> parse_process_stat(std::string_view content);

Result<std::unique_ptr<Collector>> make_processes_collector(const CollectorContext& context);

}  // namespace piman::agent
