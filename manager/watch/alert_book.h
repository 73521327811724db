// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "manager/store/watch_records.h"
#include "manager/watch/thresholds.h"

/// All alerts of the fleet, the silences, and what is to be told. Pure: every change comes back as rows for the store,
/// and whoever stores them before a message leaves repeats and loses nothing.
namespace piman::watch {

/// One moment on both clocks: durations by the one that never jumps, times for people by the other.
struct Moment {
  SteadyTime steady;
  WallTime wall;
};

std::int64_t to_ms(WallTime time);
WallTime from_ms(std::int64_t ms);

struct Alert {
  Condition condition = Condition::kNodeDown;
  ConditionState state;
  WallTime since{}, fired{}, ended{};
  double value = 0, threshold = 0;
  std::string detail;
  bool told = false;
};

/// What is asked for by the API; times in milliseconds since the epoch.
struct AlertView {
  manager::AlertRecord alert;
  AlertState state = AlertState::kOk;
  bool silenced = false;
};

/// Thread-safety: none.
class AlertBook {
 public:
  static constexpr std::size_t kMostSilences = 1000;
  static constexpr std::chrono::minutes kKeepResolved{60};  ///< what was resolved is shown for so long

  /// `config` must outlive it. `owed` has a bit for each notifier that there is.
  AlertBook(const WatchConfig& config, std::uint32_t owed) : config_(config), owed_(owed) {}
  /// What fired before the restart fires on. What was pending begins anew: its rows would wear an SD card out.
  void restore(const manager::WatchChanges& stored);

  /// Looks at the conditions of one node. Its boots are counted here; facts.boots is not read.
  void observe(const std::string& node, NodeFacts facts, std::optional<WallTime> booted, Moment now,
               manager::WatchChanges& out);
  /// A condition of the whole site.
  void observe_site(Condition condition, bool bad, std::string_view detail, Moment now, manager::WatchChanges& out);
  /// Whether time alone may change something of this node: otherwise only new facts can.
  bool has_timers(const std::string& node) const;
  /// Ends what is known of nodes that have left the inventory.
  void keep_only(const std::function<bool(std::string_view node)>& is_there, Moment now, manager::WatchChanges& out);
  /// What time does by itself: silences end, what fires and was not told is told, what is long over is forgotten.
  void settle(Moment now, manager::WatchChanges& out);

  /// A message that is no alert. Its id.
  std::uint64_t add_test(Moment now, manager::WatchChanges& out);

  /// Takes nodes, conditions, created, expires, who and why of `wanted`. Nothing: there are too many.
  std::optional<manager::SilenceRecord> add_silence(manager::SilenceRecord wanted, manager::WatchChanges& out);
  /// Whether there was one of this number.
  bool end_silence(std::uint64_t id, manager::WatchChanges& out);
  std::vector<manager::SilenceRecord> silences() const;
  bool is_silenced(std::string_view node, Condition condition, WallTime now) const;

  /// Words of the conditions of a node that fire.
  std::vector<std::string_view> firing(const std::string& node) const;
  /// Everything but what is well, by condition and node.
  std::vector<AlertView> alerts(WallTime now) const;
  /// All rows, for a store that has missed some.
  void add_rows(manager::WatchChanges& out) const;
  /// What fires and was told: what Alertmanager is to know.
  std::vector<manager::AlertRecord> told() const;

 private:
  struct NodeWatch {
    std::vector<Alert> alerts;  ///< those that are not ok: few
    std::vector<std::int64_t> boots;
    std::uint32_t failed_boots = 0;  ///< that were counted among them
  };
  struct Silence {
    manager::SilenceRecord record;
    std::set<std::string, std::less<>> nodes;
    bool all_nodes = false, all_conditions = false;
    std::set<Condition> conditions;
  };

  void look(const std::string& node, NodeWatch& watch, Condition condition, const Observation& seen, const Rule& rule,
            Moment now, manager::WatchChanges& out);
  double count_boots(const std::string& node, NodeWatch& watch, const NodeFacts& facts, std::optional<WallTime> booted,
                     Moment now, manager::WatchChanges& out);
  const Rules& rules_of(const std::string& node);
  void resolve(const std::string& node, Alert& alert, WallTime ended, Moment now, manager::WatchChanges& out);
  void notice(manager::NoticeRecord::Kind kind, const manager::AlertRecord& alert, Moment now,
              manager::WatchChanges& out);
  static Silence silence_of(const manager::SilenceRecord& record);

  const WatchConfig& config_;
  const std::uint32_t owed_;
  std::map<std::string, NodeWatch, std::less<>> nodes_;
  std::map<std::string, Rules, std::less<>> rules_;  ///< of nodes with rules of their own
  std::vector<Silence> silences_;
  std::uint64_t last_notice_ = 0, last_silence_ = 0;
};

}  // namespace piman::watch
