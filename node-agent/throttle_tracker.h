// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace piman::agent {

/// Why the firmware holds a Raspberry Pi back; the number is the bit of its throttled word.
enum class ThrottleCondition : std::uint8_t { kUnderVoltage, kFrequencyCapped, kThrottled, kSoftTempLimit };
inline constexpr std::size_t kThrottleConditions = 4;
/// "under_voltage": the metric label and the event's kind.
std::string_view to_string(ThrottleCondition condition);

/// What the firmware said at one look.
struct ThrottleLook {
  std::uint32_t word = 0;  ///< bits 0-3: holds now; bits 16-19: has held since somebody cleared it
  /// Lines "Undervoltage detected!" in the kernel's log since the look before.
  std::size_t kernel_messages = 0;
};

/// Makes counted events out of levels that are looked at now and then. An event is the onset of a condition:
/// - the level is on that was off at the look before;
/// - the level is off at both looks and the "has held" bit came on between them: a dip that was over in between;
/// - the kernel's log tells of an under-voltage that neither of these two explains.
/// Each onset is counted once, whichever of the three sees it first. The first look is the base: what held before was
/// somebody else's to count, so that a restart of the agent adds nothing.
/// Who clears the "has held" bits: the kernel's raspberrypi-hwmon driver, every two seconds, where it is loaded; nobody
/// where it is not, so that they tell only of the first dip since boot.
/// Pure. Thread-safety: none.
class ThrottleTracker {
 public:
  struct Change {
    ThrottleCondition condition;
    enum class Kind : std::uint8_t { kOn, kOff, kPassed } kind;
  };

  /// What changed since the look before. One change a condition, but as many kPassed as the kernel told of.
  std::vector<Change> look(const ThrottleLook& look);

  bool started() const { return word_.has_value(); }
  bool level(ThrottleCondition condition) const;
  /// Onsets since the first look.
  std::uint64_t events(ThrottleCondition condition) const { return events_[static_cast<std::size_t>(condition)]; }

 private:
  std::optional<std::uint32_t> word_;
  std::array<std::uint64_t, kThrottleConditions> events_{};
  int looks_for_message_ = 0;  ///< looks within which the kernel's line about the last under-voltage may still come
};

}  // namespace piman::agent
