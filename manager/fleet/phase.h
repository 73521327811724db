// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/clock.h"

/// Where a node stands, from all that is heard of it: scrapes, its boots, its installs, its power. Pure: a phase, a
/// fact and the time of the fact make the next phase; every fact has a meaning in every phase.
namespace piman::manager {

/// The text is the JSON value, the metric label and the word on the page. In the order in which a node goes through
/// them.
enum class Phase : std::uint8_t {
  kPending,      ///< in the inventory, nothing heard of it yet
  kOff,          ///< its power was switched off
  kDhcp,         ///< it has power or asked for an address, and loads nothing yet
  kLoading,      ///< it loads its boot files
  kHello,        ///< its installer runs, and asks or waits for orders
  kFormatting,   ///< its card is being formatted
  kDownloading,  ///< its image is being fetched and unpacked
  kVerifying,    ///< what was fetched is checked, and brought to the disk
  kBooting,      ///< it has its kernel, or was told to boot from its card
  kUp,           ///< its agent answered the last scrape
  kAgentDown,    ///< the host answers, its agent does not
  kDown,         ///< nothing answers
  kFailed,       ///< its boot or its install came to nothing
  kQuarantined,  ///< too many boots in a row came to nothing
};
inline constexpr std::size_t kPhaseCount = 14;
std::string_view to_string(Phase phase);

struct PhaseRules {
  std::uint32_t quarantine_after = 5;                ///< boots in a row that come to nothing; 0: never
  std::chrono::milliseconds boot_time{300'000};      ///< a phase of a boot that takes longer is stuck
  std::chrono::milliseconds install_time{1800'000};  ///< the same for a phase of an install
};

/// A scrape; its time is when it began.
struct ScrapeFact {
  bool agent_answered = false;
  bool host_answered = false;  ///< by anything
};

/// How far a boot has come. What is said of an older boot than the present one counts for nothing.
struct BootFact {
  enum class Reached : std::uint8_t {
    kAsked,    ///< firmware or a loader asked for an address
    kLoading,  ///< it asked for a file
    kKernel,   ///< it has a whole kernel
    kSystem,   ///< the system asked for its address
    kStuck,    ///< it fell silent before it had a kernel
  };
  WallTime started{};  ///< which boot
  Reached reached = Reached::kAsked;
  std::string detail;  ///< where it stands, in words
};

/// What an installer said, or was told.
struct InstallFact {
  enum class Step : std::uint8_t {
    kHello,
    kHeld,    ///< there is nothing for it to do
    kQueued,  ///< others are installed first
    kFormatting,
    kDownloading,
    kVerifying,
    kBooting,    ///< it was told to boot
    kInstalled,  ///< its install succeeded; it boots from its card next
    kFailed,     ///< its install did not
    kGone,       ///< the connection ended
  };
  Step step = Step::kHello;
  std::optional<unsigned> percent;
  std::string detail;
};

/// Its power was switched, by somebody's order.
struct PowerFact {
  bool is_on = false;
};

using PhaseFact = std::variant<ScrapeFact, BootFact, InstallFact, PowerFact>;

struct PhaseState {
  Phase phase = Phase::kPending;
  WallTime since{};                 ///< when it came into this phase
  std::string detail;               ///< where it stands in the phase, or why it is in it; may be empty
  std::optional<unsigned> percent;  ///< of the phase's work, where that is known
  bool stuck = false;               ///< longer in this phase than the rules allow
  std::uint32_t failed_boots = 0;   ///< in a row
  // What the next phase follows from, beside the above:
  WallTime heard{};              ///< the last sign of life
  std::optional<WallTime> boot;  ///< the last boot that was heard of
  bool boot_is_open = false;     ///< nothing came of that boot yet: a new one makes it a failed one

  bool operator==(const PhaseState&) const = default;
};

/// The state after a fact from the time `at`.
PhaseState phase_after(const PhaseState& before, const PhaseFact& fact, WallTime at, const PhaseRules& rules);

/// How long a node may be in a phase before it is stuck there; nothing: for ever.
std::optional<std::chrono::milliseconds> longest_time(Phase phase, const PhaseRules& rules);

}  // namespace piman::manager
