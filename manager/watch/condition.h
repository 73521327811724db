// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What can be wrong with a node, and the words for it. Pure.
namespace piman::watch {

enum class Condition : std::uint8_t {
  kNodeDown,        ///< nothing answers
  kAgentDown,       ///< the host answers, its agent does not
  kRootReadOnly,    ///< the root file system can't be written to any more
  kFilesystemFull,  ///< the fullest file system
  kBootLoop,        ///< too many starts in half an hour
  kUnderVoltage,    ///< the supply is too weak at this moment
  kThrottled,       ///< the processor is slowed down at this moment
  kTemperature,
  kCpu,
  kMemory,
  kDisk,  ///< the root file system
  kPids,
  kClockSkew,  ///< the node's clock against the manager's
  kWatchdog,   ///< of the site: Alertmanager's steady signal is missing
};
inline constexpr std::size_t kConditionCount = 14;
inline constexpr std::size_t kNodeConditionCount = 13;  ///< those that a node can have; they come first

enum class Severity : std::uint8_t { kWarning, kCritical };
/// "warning", "critical": the label that Alertmanager routes by.
std::string_view to_string(Severity severity);

/// What its value and its threshold are. kNone: it is so or it is not.
enum class Unit : std::uint8_t { kNone, kPercent, kCelsius, kProcesses, kBoots, kSeconds };

struct ConditionWords {
  Condition condition;
  std::string_view word;   ///< the metric label, the API's word and what the store keeps: "node_down"
  std::string_view alert;  ///< the label `alertname`; where alerting/rules/ has the same alert, its name
  Severity severity;
  Unit unit;
  std::string_view state;   ///< behind one node or a number of them: "3 nodes" "down"
  std::string_view reason;  ///< what the value is of: "CPU", "clock"; empty where the state says it all
};
const ConditionWords& words_of(Condition condition);
std::string_view to_string(Condition condition);
std::optional<Condition> parse_condition(std::string_view word);

inline std::size_t index_of(Condition condition) { return static_cast<std::size_t>(condition); }
inline Condition condition_at(std::size_t index) { return static_cast<Condition>(index); }

/// "93.5 %", "81 C", "2.4 s", "1204 processes"; empty for kNone.
std::string show_value(Unit unit, double value);

}  // namespace piman::watch
