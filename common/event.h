// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

/// The `/events` contract between node agent and manager: one flat JSON object with the five values of the Python
/// system's agent and its temperature. Both sides use this file.
namespace piman {

/// Something that happened on the node, kept by it for whoever asks `/events?since=ID`.
struct NotableEvent {
  std::uint64_t id = 0;  ///< grows from event to event, also over a restart of the agent; below 2^53
  double time = 0;       ///< Unix seconds
  std::string kind;      ///< "boot", "oom_kill", "root_read_only", or what throttles: "under_voltage", "throttled", ...
  std::string detail;    ///< "on", "off" or "passed" (over before it was seen); the boot's id; the victim
};

struct NodeEvent {
  std::optional<double> time;            ///< Unix seconds; absent from old agents, which send words
  std::optional<double> cpu_percent;     ///< of all cores together, over a real interval
  std::optional<double> memory_percent;  ///< (MemTotal - MemAvailable) / MemTotal
  std::optional<double> disk_percent;    ///< of the root file system, as df shows it
  std::optional<double> num_pids;        ///< processes
  std::optional<double> temp;            ///< SoC, degrees Celsius; absent where there is no sensor
  // Only in an answer to ?since=ID:
  std::optional<std::string> boot_id;               ///< another one: the node has rebooted
  std::optional<std::vector<NotableEvent>> events;  ///< with a higher id, oldest first
};

/// One JSON object, absent values left out, ended by a line end.
std::string encode(const NodeEvent& event);
/// Ignores unknown keys. Errors: not a JSON object, a known key that is no finite number (`time` may be words), or
/// events without id and kind or more than 1,024 of them.
Result<NodeEvent> decode_event(std::string_view json);

}  // namespace piman
