// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"

/// When which node may be switched. Pure: time comes as an argument, what is to be done goes out as steps.
namespace piman::power {

enum class PowerAction : std::uint8_t { kOn, kOff, kCycle };
std::string_view to_word(PowerAction action);

enum class Refusal : std::uint8_t {
  kNone,
  kBusy,        ///< an order for this node is under way
  kCooldown,    ///< it was switched a short while ago
  kInstalling,  ///< it is being installed
  kMostOff,     ///< as many nodes as may be are switched off, and stay so
  kQueueFull,
};
std::string_view to_word(Refusal refusal);

struct PolicySettings {
  std::chrono::milliseconds off_time{4000};
  std::chrono::milliseconds cooldown{120'000};
  std::uint32_t most_off = 4;
  std::chrono::milliseconds starting_time{10'000};
  double starting_watts = 10;
  std::map<std::string, double> start_watts;  ///< by switch: what starting nodes may draw together; none or 0: any
};

/// What is to be done now.
struct PowerStep {
  std::string node;
  bool on = false;

  bool operator==(const PowerStep&) const = default;
};

/// The state of all orders. Thread-safety: none.
class PowerPolicy {
 public:
  explicit PowerPolicy(PolicySettings settings) : settings_(std::move(settings)) {}

  /// Whether an order would be taken. `forced` overrides the cooldown, an install and the cap, never a busy node.
  Refusal check(const std::string& node, PowerAction action, bool installing, bool forced, SteadyTime now) const;
  /// Takes the order, if check() says so.
  Refusal add(const std::string& node, const std::string& power_switch, PowerAction action, bool installing,
              bool forced, SteadyTime now);
  /// Takes up what an earlier run of the program had taken: nobody knows whether it had begun. A cycle switches its
  /// node on first, and is then one like the others, held back by the cap, not by the cooldown.
  Refusal resume(const std::string& node, const std::string& power_switch, PowerAction action, bool forced,
                 SteadyTime now);
  /// It was switched off in an earlier run, and stays so.
  void remember_off(const std::string& node) { stays_off_[node] = true; }
  /// What may be done at `now`, by the age of the orders. Each step is to be followed by finished().
  std::vector<PowerStep> due(SteadyTime now);
  /// What came of a step. A cycle whose "off" failed is switched on at once, for nobody knows whether it is off; a
  /// failed "on" is tried again. Returns whether the order has come to its end.
  bool finished(const PowerStep& step, bool worked, SteadyTime now);
  /// Forgets an order that has not switched anything. No other than that of `node` is touched.
  void withdraw(const std::string& node);
  /// When due() may have something next; nothing while no order waits for a time.
  std::optional<SteadyTime> next(SteadyTime now) const;
  /// Nodes that a cycle holds off at this moment: to be switched on before the program ends.
  std::vector<std::string> held_off() const;

 private:
  enum class Stage : std::uint8_t { kWaiting, kSwitchingOff, kOffUntil, kSwitchingOn };
  struct Order {
    std::string node, power_switch;
    PowerAction action = PowerAction::kCycle;
    bool forced = false;
    bool may_be_off = false;  ///< as the earlier run left it
    Stage stage = Stage::kWaiting;
    SteadyTime until{};  ///< kOffUntil: when it is switched on
    std::uint32_t on_failures = 0;
  };
  struct Starting {
    std::string power_switch;
    SteadyTime until;
  };

  std::size_t count_off() const;
  bool may_start(const std::string& power_switch, SteadyTime now) const;

  const PolicySettings settings_;
  std::deque<Order> orders_;                    ///< in the order they came
  std::map<std::string, SteadyTime> switched_;  ///< when an order for the node came to its end
  std::map<std::string, bool> stays_off_;
  std::vector<Starting> starting_;
};

}  // namespace piman::power
