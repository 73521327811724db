// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/mutex.h"
#include "manager/fleet/node.h"

namespace piman::manager {

/// All nodes at one moment, in the order of the inventory. Immutable: readers hold it without a lock.
struct FleetSnapshot {
  std::vector<std::shared_ptr<const NodeState>> nodes;
  std::uint64_t version = 0;  ///< grows with every change

  const NodeState* find(std::string_view name) const;
};

/// A node came into another phase, or is stuck in the one that it is in (`to` is `from` then).
struct PhaseChange {
  std::string node;
  Phase from = Phase::kPending, to = Phase::kPending;
  WallTime at{};
  std::chrono::milliseconds spent{0};  ///< in `from`
  std::string detail;
};

/// The present state of every node, and a bounded window of points for charts. The only shared mutable state of the
/// manager.
/// Thread-safety: every method may be called from any thread; no I/O and no callback happens under its lock.
class Fleet {
 public:
  using PhaseListener = std::function<void(const PhaseChange&)>;

  /// Keeps at most `history_points` points a node.
  explicit Fleet(std::size_t history_points, PhaseRules rules = {});
  /// `listener` is told of every change of phase, on the thread that brought it; it must be quick. Set it before any
  /// other thread uses the fleet.
  void on_phase(PhaseListener listener) { listener_ = std::move(listener); }

  /// Replaces the inventory. Nodes that stay (same name and address) keep their state; others start as pending.
  void set_inventory(const std::vector<Host>& hosts, WallTime now);
  /// Takes in a scrape of the node; does nothing when the node has left the inventory in the meantime.
  void apply(const std::string& name, ScrapeResult result);
  /// Take in what else is heard of a node; they do nothing for one that is not in the inventory.
  void note_boot(std::string_view name, const BootFact& fact, WallTime at) { note(name, fact, at); }
  void note_install(std::string_view name, const InstallFact& fact, WallTime at) { note(name, fact, at); }
  void note_power(std::string_view name, const PowerFact& fact, WallTime at) { note(name, fact, at); }
  std::shared_ptr<const FleetSnapshot> snapshot() const;
  /// One node without making a snapshot; null when unknown.
  std::shared_ptr<const NodeState> find(std::string_view name) const;
  /// Grows with set_inventory() only: cheap to ask in a loop.
  std::uint64_t inventory_version() const;
  /// The node's points, oldest first; empty when unknown.
  std::vector<HistoryPoint> history(std::string_view name) const;

 private:
  struct Entry {
    std::shared_ptr<const NodeState> state;
    PhaseState phase;
    std::deque<HistoryPoint> history;
  };

  static std::shared_ptr<const NodeState> pending_state(const Host& host, WallTime now);
  void note(std::string_view name, const PhaseFact& fact, WallTime at) PIMAN_EXCLUDES(mutex_);
  /// Takes the fact into the entry and what follows from it into `state`; says what is to be told.
  std::optional<PhaseChange> take(Entry& entry, NodeState& state, const PhaseFact& fact, WallTime at)
      PIMAN_REQUIRES(mutex_);
  void tell(const std::optional<PhaseChange>& change) const;

  const std::size_t history_points_;
  const PhaseRules rules_;
  PhaseListener listener_;
  mutable Mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_ PIMAN_GUARDED_BY(mutex_);
  std::vector<std::string> order_ PIMAN_GUARDED_BY(mutex_);
  std::uint64_t version_ PIMAN_GUARDED_BY(mutex_) = 0;
  std::uint64_t inventory_version_ PIMAN_GUARDED_BY(mutex_) = 0;
  mutable std::shared_ptr<const FleetSnapshot> snapshot_ PIMAN_GUARDED_BY(mutex_);
};

}  // namespace piman::manager
