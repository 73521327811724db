// SPDX-License-Identifier: Apache-2.0
#include "manager/watch/node_facts.h"

#include <cmath>

namespace piman::watch {
namespace {

using manager::NodeState;
using manager::Phase;
using Reach = NodeFacts::Reach;

constexpr double kLongestUptime = 100.0 * 365 * 86'400;

Reach reach_of(Phase phase) {
  switch (phase) {
    case Phase::kUp:
      return Reach::kUp;
    case Phase::kAgentDown:
      return Reach::kAgentDown;
    case Phase::kDown:
      return Reach::kDown;
    case Phase::kPending:
      break;
  }
  return Reach::kUnknown;
}

}  // namespace

NodeFacts facts_of(const NodeState& node) {
  NodeFacts facts;
  facts.reach = reach_of(node.phase);
  facts.trouble = node.last.error_text;
  if (facts.reach != Reach::kUp) return facts;
  if (node.event) {
    facts.cpu_percent = node.event->cpu_percent;
    facts.memory_percent = node.event->memory_percent;
    facts.disk_percent = node.event->disk_percent;
    facts.processes = node.event->num_pids;
  }
  facts.temperature_celsius = node.temperature_celsius;
  return facts;
}

std::optional<WallTime> booted_at(const NodeState& node) {
  if (node.phase != Phase::kUp || !node.boot_time_seconds) return std::nullopt;
  // Both by the node's clock, so that it does not matter how wrong that is.
  const std::optional<double> said = node.event ? node.event->time : std::nullopt;
  const double uptime = said.value_or(unix_seconds(node.last.at)) - *node.boot_time_seconds;
  if (!std::isfinite(uptime) || uptime < 0 || uptime > kLongestUptime) return std::nullopt;
  return node.last.at - std::chrono::duration_cast<WallTime::duration>(std::chrono::duration<double>(uptime));
}

}  // namespace piman::watch
