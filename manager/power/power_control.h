// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "common/result.h"
#include "manager/actions.h"
#include "manager/power/power_config.h"
#include "manager/power/power_policy.h"
#include "manager/power/power_switch.h"

/// Policy, switches and journal tied together: the one way to a node's power.
namespace piman::power {

/// Who wants what, and by which recorded intent.
struct PowerOrder {
  std::uint64_t intent = 0;  ///< the id of an intent for this very node; 0 is refused
  std::string node;
  PowerAction action = PowerAction::kCycle;
  std::string who, why;
  bool forced = false;
  bool may_be_off = false;  ///< an earlier run of the manager had begun it, perhaps
};

/// Why an order was not taken. kNone: for a reason that no waiting cures.
struct PowerRefused {
  std::string message;
  Refusal refusal = Refusal::kNone;
};

/// What came of an order.
struct PowerOutcome {
  PowerOrder order;
  bool worked = false;
  bool dry_run = false;  ///< nothing was switched: power.armed is off
  std::string text;      ///< in words, with the switch and the port
};

/// What an entry of the journal says, for programs: names and values.
using JournalData = std::vector<std::pair<std::string, std::string>>;

/// What PowerControl needs of the manager. They are called from any thread, with no lock held.
class PowerHost {
 public:
  virtual ~PowerHost() = default;
  /// Whether the intent is recorded, for this node, and not expired. Errors say what is wrong with it.
  virtual Result<void> check_intent(std::uint64_t intent, const std::string& node) = 0;
  virtual bool is_installing(const std::string& node) = 0;
  /// A line for the journal: refused, begun, switched, failed. Both `text` and `data` have who, why and the intent.
  virtual void journal(const std::string& node, const std::string& text, const JournalData& data) = 0;
  /// Its port is on, or off, by its switch's own word.
  virtual void switched(const std::string& node, bool on) = 0;
};

/// Thread-safety: every method from any thread. The destructor stops `actions` and switches on what a cycle holds off.
class PowerControl {
 public:
  using Switches = std::map<std::string, std::unique_ptr<PowerSwitch>>;
  using Done = std::function<void(const PowerOutcome&)>;

  /// `host` and `actions` must outlive it. REQUIRES: `switches` has each of `config.switches` by name.
  PowerControl(PowerConfig config, Switches switches, PowerHost& host, manager::Actions& actions);
  ~PowerControl();
  PowerControl(const PowerControl&) = delete;
  PowerControl& operator=(const PowerControl&) = delete;

  /// Returns at once; `done` is called later, once, from the thread of `actions` (at the end of the program perhaps
  /// not). Errors, also journalled: no or a bad intent, a node without a port, what the policy refuses.
  tl::expected<void, PowerRefused> order(const PowerOrder& order, Done done) PIMAN_EXCLUDES(mutex_);
  tl::expected<void, PowerRefused> power_cycle(std::uint64_t intent, const std::string& node, const std::string& who,
                                               const std::string& why, Done done) {
    return order({intent, node, PowerAction::kCycle, who, why, false, false}, std::move(done));
  }
  tl::expected<void, PowerRefused> set(std::uint64_t intent, const std::string& node, bool on, const std::string& who,
                                       const std::string& why, Done done) {
    return order({intent, node, on ? PowerAction::kOn : PowerAction::kOff, who, why, false, false}, std::move(done));
  }
  /// Nodes that were switched off in an earlier run count among those that are off.
  void remember_off(const std::string& node) PIMAN_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    policy_.remember_off(node);
  }
  /// Asks the switch and waits for it.
  Result<PortState> state(const std::string& node);
  /// Makes the switches of a configuration; all errors at once.
  static Result<Switches> make_switches(const PowerConfig& config);

 private:
  struct Running {
    PowerOrder order;
    Done done;
    std::string problem;  ///< of a step before this one
  };
  struct Place {
    PowerSwitch* power_switch = nullptr;
    const SwitchConfig* config = nullptr;
    PortRef port;
    std::string words;  ///< "port 7 of rack1"
  };

  std::optional<Place> place_of(const std::string& node) const;
  void write_journal(const PowerOrder& order, std::string_view step, std::string_view result, const std::string& text);
  void pump(const std::stop_token& stop) PIMAN_EXCLUDES(mutex_);
  void run_step(const PowerStep& step, const std::stop_token& stop) PIMAN_EXCLUDES(mutex_);
  Result<std::string> switch_and_read_back(const Place& place, bool on, const std::stop_token& stop);
  void tell(const PowerOutcome& outcome, const Done& done);

  const PowerConfig config_;
  const Switches switches_;
  PowerHost& host_;
  manager::Actions& actions_;
  Mutex mutex_;
  PowerPolicy policy_ PIMAN_GUARDED_BY(mutex_);
  std::map<std::string, Running> running_ PIMAN_GUARDED_BY(mutex_);
};

}  // namespace piman::power
