// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "node-agent/collector.h"

/// Memory use by kind, from meminfo under procfs.
namespace piman::agent {

/// One line of meminfo, as it stands there.
struct MeminfoLine {
  std::string_view name;    ///< "MemTotal", "Active(anon)"
  std::uint64_t value = 0;  ///< bytes where in_bytes, else a count
  bool in_bytes = false;
};
/// Takes a line apart; nothing when it is no "name: number [kB]". Source: proc(5).
std::optional<MeminfoLine> parse_meminfo_line(std::string_view line);
/// The metric's name: "Active(anon)" in bytes is "node_memory_Active_anon_bytes".
std::string meminfo_metric_name(const MeminfoLine& line);

Result<std::unique_ptr<Collector>> make_meminfo_collector(const CollectorContext& context);

}  // namespace piman::agent
