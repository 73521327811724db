// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "manager/watch/condition.h"
#include "manager/watch/watch_config.h"

/// When something is wrong: what is known of a node against its rules, and the state machine of each condition. Pure:
/// the time comes in.
namespace piman::watch {

/// What a node said last. What it did not say is nothing, and fires nothing.
struct NodeFacts {
  enum class Reach : std::uint8_t {
    kUnknown,  ///< not asked yet, or it is being switched or installed: no word about it is meant to alarm
    kUp,
    kAgentDown,
    kDown,
  };
  Reach reach = Reach::kUnknown;
  std::string trouble;  ///< why it is not up, in words
  std::optional<double> cpu_percent, memory_percent, disk_percent, processes, temperature_celsius;
  std::optional<bool> under_voltage, throttled, root_read_only;
  std::optional<double> fullest_percent;  ///< of the fullest file system
  std::string fullest_mountpoint;
  std::optional<double> clock_offset_seconds;  ///< its clock minus ours
  std::uint32_t failed_boots = 0;              ///< in a row, as far as they could be followed
  std::optional<double> boots;                 ///< starts that were seen in the last half hour
};

/// One look at one condition.
enum class Reading : std::uint8_t {
  kUnknown,  ///< nothing can be said: what is, stays
  kGood,
  kBetween,  ///< not above the threshold, and not clearly below
  kBad,
};
struct Observation {
  Reading reading = Reading::kUnknown;
  double value = 0;
  std::string_view detail;  ///< valid as long as the facts
};
Observation observe(Condition condition, const NodeFacts& facts, const Rule& rule);

/// How a condition stands. The text is the API's word and the metric label.
enum class AlertState : std::uint8_t { kOk, kPending, kFiring, kResolved };
inline constexpr std::size_t kAlertStateCount = 4;
/// "ok", "pending", "firing", "resolved".
std::string_view to_string(AlertState state);

/// The state machine of one condition of one node.
struct ConditionState {
  AlertState state = AlertState::kOk;
  SteadyTime bad_since{};                ///< while pending
  std::optional<SteadyTime> good_since;  ///< while firing: since when it is gone

  /// Whether time alone may change it.
  bool has_timer() const { return state == AlertState::kPending || (state == AlertState::kFiring && good_since); }
};

enum class Turn : std::uint8_t { kNone, kBegan, kFired, kResolved };
/// Moves on by one reading. kBegan: it is pending since now. Where the rule needs no time it fires at once.
Turn advance(ConditionState& state, Reading reading, const Rule& rule, std::chrono::milliseconds resolve_after,
             SteadyTime now);

/// Starts of a node on the manager's clock, which the node's own clock can't fool: it has no battery, and jumps when
/// it learns the time.
inline constexpr std::chrono::minutes kBootWindow{30};
inline constexpr std::chrono::seconds kSameBoot{30};
/// Whether a node that says that it started at `boot` has started anew after `last`.
bool is_new_boot(WallTime last, WallTime boot);

}  // namespace piman::watch
