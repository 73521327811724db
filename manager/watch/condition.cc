// SPDX-License-Identifier: Apache-2.0
#include "manager/watch/condition.h"

#include <cmath>

#include "common/text.h"

namespace piman::watch {
namespace {

constexpr auto kWarning = Severity::kWarning;
constexpr auto kCritical = Severity::kCritical;

// clang-format off
constexpr std::array<ConditionWords, kConditionCount> kWords = {{
    {Condition::kNodeDown, "node_down", "NodeDown", kCritical, Unit::kNone, "down", ""},
    {Condition::kAgentDown, "agent_down", "AgentDown", kWarning, Unit::kNone, "without an agent that answers", ""},
    {Condition::kRootReadOnly, "root_read_only", "RootReadOnly", kCritical, Unit::kNone, "with a read-only root", ""},
    {Condition::kFilesystemFull, "filesystem_full", "FilesystemFull", kCritical, Unit::kPercent, "with a full file system", "used"},
    {Condition::kBootLoop, "boot_loop", "BootLoop", kWarning, Unit::kBoots, "starting again and again", "in half an hour"},
    {Condition::kUnderVoltage, "under_voltage", "UnderVoltage", kWarning, Unit::kNone, "with too weak a supply", ""},
    {Condition::kThrottled, "throttled", "Throttled", kWarning, Unit::kNone, "slowed down", ""},
    {Condition::kTemperature, "temperature", "TemperatureHigh", kWarning, Unit::kCelsius, "too hot", ""},
    {Condition::kCpu, "cpu", "CpuHigh", kWarning, Unit::kPercent, "with a busy CPU", "of the CPU"},
    {Condition::kMemory, "memory", "MemoryHigh", kWarning, Unit::kPercent, "short of memory", "of the memory"},
    {Condition::kDisk, "disk", "DiskHigh", kWarning, Unit::kPercent, "short of disk", "of the root file system"},
    {Condition::kPids, "pids", "PidsHigh", kWarning, Unit::kProcesses, "with too many processes", ""},
    {Condition::kClockSkew, "clock_skew", "ClockSkew", kWarning, Unit::kSeconds, "with a wrong clock", "off"},
    {Condition::kWatchdog, "watchdog", "WatchdogSilent", kCritical, Unit::kNone, "without alerts from Alertmanager", ""},
}};
// clang-format on

std::string_view name_of(Unit unit) {
  constexpr std::array<std::string_view, 6> kNames = {"", " %", " C", " processes", " starts", " s"};
  return kNames[static_cast<std::size_t>(unit)];
}

}  // namespace

std::string_view to_string(Severity severity) { return severity == kCritical ? "critical" : "warning"; }

const ConditionWords& words_of(Condition condition) { return kWords[index_of(condition)]; }

std::string_view to_string(Condition condition) { return words_of(condition).word; }

std::optional<Condition> parse_condition(std::string_view word) {
  for (const ConditionWords& each : kWords) {
    if (each.word == word) return each.condition;
  }
  return std::nullopt;
}

std::string show_value(Unit unit, double value) {
  if (unit == Unit::kNone) return {};
  // More digits than a person reads are noise; a clock that is off by 40 ms still shows.
  const double factor = unit == Unit::kSeconds && std::abs(value) < 1 ? 1000 : 10;
  return concat(std::round(value * factor) / factor, name_of(unit));
}

}  // namespace piman::watch
