// SPDX-License-Identifier: Apache-2.0
#include "manager/watch/node_facts.h"

#include <algorithm>
#include <cmath>

#include "common/text.h"

namespace piman::watch {
namespace {

using manager::NodeState;
using manager::Phase;
using Reach = NodeFacts::Reach;

constexpr double kLongestUptime = 100.0 * 365 * 86'400;

/// A node that boots, is installed or is switched off is silent on purpose; but not for ever.
Reach reach_of(const NodeState& node) {
  if (node.stuck) return Reach::kDown;
  switch (node.phase) {
    case Phase::kUp:
      return Reach::kUp;
    case Phase::kAgentDown:
      return Reach::kAgentDown;
    case Phase::kDown:
    case Phase::kFailed:
    case Phase::kQuarantined:
      return Reach::kDown;
    case Phase::kPending:
    case Phase::kOff:
    case Phase::kDhcp:
    case Phase::kLoading:
    case Phase::kHello:
    case Phase::kFormatting:
    case Phase::kDownloading:
    case Phase::kVerifying:
    case Phase::kBooting:
      break;
  }
  return Reach::kUnknown;
}

/// Why it is not up: where a boot or an install stands says more than that nothing answers.
std::string trouble_of(const NodeState& node) {
  if (node.stuck) {
    return concat("stuck in the phase ", to_string(node.phase), node.phase_detail.empty() ? "" : ": ",
                  node.phase_detail);
  }
  const bool came_to_nothing = node.phase == Phase::kFailed || node.phase == Phase::kQuarantined;
  if (!came_to_nothing) return node.last.error_text;
  return concat(to_string(node.phase), node.phase_detail.empty() ? "" : ": ", node.phase_detail);
}

void take_health(const manager::HealthFacts& health, NodeFacts& facts) {
  facts.under_voltage = health.under_voltage;
  facts.throttled = health.throttled;
  facts.root_read_only = health.root_read_only;
  for (const manager::FileSystemFacts& one : health.file_systems) {
    if (!one.size_bytes || !one.available_bytes || *one.size_bytes <= 0 || one.read_only.value_or(false)) continue;
    const double percent = 100 * (1 - *one.available_bytes / *one.size_bytes);
    if (facts.fullest_percent && *facts.fullest_percent >= percent) continue;
    facts.fullest_percent = percent;
    facts.fullest_mountpoint = one.mount_point;
  }
  // What lies within the uncertainty may be none.
  if (health.clock_offset) {
    const double sure =
        std::max(0.0, std::abs(health.clock_offset->seconds) - health.clock_offset->uncertainty_seconds);
    facts.clock_offset_seconds = std::copysign(sure, health.clock_offset->seconds);
  }
}

}  // namespace

NodeFacts facts_of(const NodeState& node) {
  NodeFacts facts;
  facts.reach = reach_of(node);
  facts.trouble = trouble_of(node);
  facts.failed_boots = node.failed_boots;
  if (facts.reach != Reach::kUp) return facts;
  if (node.event) {
    facts.cpu_percent = node.event->cpu_percent;
    facts.memory_percent = node.event->memory_percent;
    facts.disk_percent = node.event->disk_percent;
    facts.processes = node.event->num_pids;
  }
  facts.temperature_celsius = node.temperature_celsius;
  take_health(node.health, facts);
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
