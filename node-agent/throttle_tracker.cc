// SPDX-License-Identifier: Apache-2.0
#include "node-agent/throttle_tracker.h"

namespace piman::agent {
namespace {

constexpr unsigned kStickyShift = 16;

bool bit(std::uint32_t word, std::size_t condition) { return (word >> condition & 1) != 0; }
bool sticky_bit(std::uint32_t word, std::size_t condition) { return bit(word >> kStickyShift, condition); }

}  // namespace

std::string_view to_string(ThrottleCondition condition) {
  switch (condition) {
    case ThrottleCondition::kUnderVoltage:
      return "under_voltage";
    case ThrottleCondition::kFrequencyCapped:
      return "frequency_capped";
    case ThrottleCondition::kThrottled:
      return "throttled";
    case ThrottleCondition::kSoftTempLimit:
      return "soft_temp_limit";
  }
  return "";
}

bool ThrottleTracker::level(ThrottleCondition condition) const {
  return word_ && bit(*word_, static_cast<std::size_t>(condition));
}

std::vector<ThrottleTracker::Change> ThrottleTracker::look(const ThrottleLook& look) {
  std::vector<Change> changes;
  if (!word_) {
    word_ = look.word;
    return changes;
  }
  for (std::size_t i = 0; i < kThrottleConditions; ++i) {
    const auto condition = static_cast<ThrottleCondition>(i);
    const bool was_on = bit(*word_, i), is_on = bit(look.word, i);
    const bool dipped = !was_on && !is_on && sticky_bit(look.word, i) && !sticky_bit(*word_, i);
    if (is_on && !was_on) changes.push_back({condition, Change::Kind::kOn});
    if (was_on && !is_on) changes.push_back({condition, Change::Kind::kOff});
    if (dipped) changes.push_back({condition, Change::Kind::kPassed});
    const bool onset = dipped || (is_on && !was_on);
    if (onset) ++events_[i];
    if (condition != ThrottleCondition::kUnderVoltage) continue;
    // The kernel looks every two seconds: its line about an onset comes with this look or the next.
    constexpr int kLooks = 2;
    if (onset) looks_for_message_ = kLooks;
    std::size_t messages = look.kernel_messages;
    if (looks_for_message_ > 0) {
      --looks_for_message_;
      if (messages > 0) {
        --messages;
        looks_for_message_ = 0;
      }
    }
    events_[i] += messages;
    changes.insert(changes.end(), messages, {condition, Change::Kind::kPassed});
  }
  word_ = look.word;
  return changes;
}

}  // namespace piman::agent
