// SPDX-License-Identifier: Apache-2.0
#include "manager/watch/thresholds.h"

#include <algorithm>
#include <cmath>

namespace piman::watch {
namespace {

using Reach = NodeFacts::Reach;

Observation of_number(const std::optional<double>& value, const Rule& rule, std::string_view detail = {}) {
  // The node is up and does not say it (any more): nothing is wrong that we know of.
  if (!value || !std::isfinite(*value)) return {Reading::kGood, 0, {}};
  // A low threshold with a hysteresis that was meant for a high one must still be able to end.
  const double end = std::max(rule.threshold - rule.hysteresis, rule.threshold / 2);
  const Reading reading = *value > rule.threshold ? Reading::kBad : *value > end ? Reading::kBetween : Reading::kGood;
  return {reading, *value, detail};
}

Observation of_flag(bool on, std::string_view detail = {}) {
  return {on ? Reading::kBad : Reading::kGood, on ? 1.0 : 0.0, on ? detail : std::string_view()};
}

std::optional<double> magnitude(const std::optional<double>& value) {
  return value ? std::optional(std::abs(*value)) : std::nullopt;
}

}  // namespace

Observation observe(Condition condition, const NodeFacts& facts, const Rule& rule) {
  if (!rule.enabled) return {Reading::kGood, 0, {}};
  // A node that starts again and again is seldom up when it is looked at.
  if (condition == Condition::kBootLoop) return of_number(facts.boots, rule);
  if (facts.reach == Reach::kUnknown) return {};
  if (condition == Condition::kNodeDown) return of_flag(facts.reach == Reach::kDown, facts.trouble);
  if (condition == Condition::kAgentDown) return of_flag(facts.reach == Reach::kAgentDown, facts.trouble);
  if (facts.reach != Reach::kUp) return {};
  switch (condition) {
    case Condition::kRootReadOnly:
      return of_flag(facts.root_read_only.value_or(false));
    case Condition::kFilesystemFull:
      return of_number(facts.fullest_percent, rule, facts.fullest_mountpoint);
    case Condition::kUnderVoltage:
      return of_flag(facts.under_voltage.value_or(false));
    case Condition::kThrottled:
      return of_flag(facts.throttled.value_or(false));
    case Condition::kTemperature:
      return of_number(facts.temperature_celsius, rule);
    case Condition::kCpu:
      return of_number(facts.cpu_percent, rule);
    case Condition::kMemory:
      return of_number(facts.memory_percent, rule);
    case Condition::kDisk:
      return of_number(facts.disk_percent, rule);
    case Condition::kPids:
      return of_number(facts.processes, rule);
    case Condition::kClockSkew:
      return of_number(magnitude(facts.clock_offset_seconds), rule,
                       facts.clock_offset_seconds.value_or(0) < 0 ? "behind" : "ahead");
    case Condition::kNodeDown:
    case Condition::kAgentDown:
    case Condition::kBootLoop:
    case Condition::kWatchdog:
      break;
  }
  return {};
}

std::string_view to_string(AlertState state) {
  constexpr std::array<std::string_view, kAlertStateCount> kWords = {"ok", "pending", "firing", "resolved"};
  return kWords[static_cast<std::size_t>(state)];
}

Turn advance(ConditionState& state, Reading reading, const Rule& rule, std::chrono::milliseconds resolve_after,
             SteadyTime now) {
  if (state.state == AlertState::kFiring) {
    // An unknown reading says nothing of the time before it either: it must be gone from here on.
    if (reading != Reading::kGood) {
      state.good_since.reset();
      return Turn::kNone;
    }
    if (!state.good_since) state.good_since = now;
    if (now - *state.good_since < resolve_after) return Turn::kNone;
    state = {AlertState::kResolved, {}, {}};
    return Turn::kResolved;
  }
  if (reading != Reading::kBad) {
    if (state.state == AlertState::kPending) state.state = AlertState::kOk;
    return Turn::kNone;
  }
  const bool began = state.state != AlertState::kPending;
  if (began) state = {AlertState::kPending, now, {}};
  if (now - state.bad_since >= rule.hold) {
    state.state = AlertState::kFiring;
    return Turn::kFired;
  }
  return began ? Turn::kBegan : Turn::kNone;
}

bool is_new_boot(WallTime last, WallTime boot) { return boot > last + kSameBoot; }

}  // namespace piman::watch
