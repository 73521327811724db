// SPDX-License-Identifier: Apache-2.0
#include "manager/watch/watch_config.h"

#include <algorithm>

namespace piman::watch {

using std::chrono::milliseconds;
using std::chrono::minutes;

Rules default_rules() {
  Rules rules;
  const auto set = [&rules](Condition condition, milliseconds hold, double threshold = 0, double hysteresis = 0) {
    rules[index_of(condition)] = {true, threshold, hysteresis, hold};
  };
  set(Condition::kNodeDown, minutes(1));
  set(Condition::kAgentDown, minutes(1));
  set(Condition::kRootReadOnly, minutes(1));
  set(Condition::kFilesystemFull, minutes(5), 95, 2);
  set(Condition::kBootLoop, milliseconds(0), 2);
  set(Condition::kUnderVoltage, minutes(1));
  set(Condition::kThrottled, minutes(1));
  set(Condition::kTemperature, minutes(5), 80, 5);
  set(Condition::kCpu, minutes(10), 90, 5);
  set(Condition::kMemory, minutes(5), 90, 5);
  set(Condition::kDisk, minutes(5), 90, 2);
  set(Condition::kPids, minutes(5), 1000, 50);
  set(Condition::kClockSkew, minutes(10), 2, 0.5);
  set(Condition::kWatchdog, milliseconds(0));
  return rules;
}

Rules rules_for(const WatchConfig& config, const std::string& node) {
  Rules rules = config.rules;
  for (const Override& each : config.overrides) {
    if (std::find(each.nodes.begin(), each.nodes.end(), node) == each.nodes.end()) continue;
    for (const RulePatch& patch : each.patches) {
      Rule& rule = rules[index_of(patch.condition)];
      rule.enabled = patch.enabled.value_or(rule.enabled);
      rule.threshold = patch.threshold.value_or(rule.threshold);
      rule.hysteresis = patch.hysteresis.value_or(rule.hysteresis);
      rule.hold = patch.hold.value_or(rule.hold);
    }
  }
  return rules;
}

}  // namespace piman::watch
