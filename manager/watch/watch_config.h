// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "manager/watch/condition.h"

/// The section `watch` of the configuration: when something counts as wrong, and who is told. Plain values.
namespace piman::watch {

/// When a condition fires: its value has been above `threshold` for `hold`, or it has been so for as long. It ends when
/// the value is not above `threshold - hysteresis` any more, or half of the threshold where that is higher. Units:
/// those of the condition.
struct Rule {
  bool enabled = true;
  double threshold = 0, hysteresis = 0;
  std::chrono::milliseconds hold{0};

  bool operator==(const Rule&) const = default;
};
using Rules = std::array<Rule, kConditionCount>;
Rules default_rules();

/// What an override says of one condition; what it does not say stays.
struct RulePatch {
  Condition condition = Condition::kNodeDown;
  std::optional<bool> enabled;
  std::optional<double> threshold, hysteresis;
  std::optional<std::chrono::milliseconds> hold;
};
struct Override {
  std::vector<std::string> nodes;
  std::vector<RulePatch> patches;
};

struct WatchConfig {
  bool enabled = true;
  Rules rules = default_rules();
  std::vector<Override> overrides;                  ///< later ones win
  std::chrono::milliseconds resolve_after{30'000};  ///< it must be gone for so long
  std::chrono::milliseconds gather{20'000};         ///< what happens within this time is one message
  std::chrono::milliseconds pause{60'000};          ///< between two messages to the same receiver
  std::string slack_url_file, webhook_url_file;     ///< the URLs are secrets; empty: none
  std::string alertmanager_url;                     ///< empty: none
  std::string ca_file;                              ///< who may sign https receivers; empty: whom the system trusts
  std::chrono::milliseconds watchdog_timeout{0};    ///< 0: no signal of Alertmanager is expected
  std::string status_log;                           ///< empty: none
  std::size_t status_log_bytes = 10UL * 1024 * 1024;
};

/// Pure: the rules for one node.
Rules rules_for(const WatchConfig& config, const std::string& node);

}  // namespace piman::watch
