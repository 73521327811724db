// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
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

/// The present state of every node, and a bounded window of points for charts. The only shared mutable state of the
/// manager.
/// Thread-safety: every method may be called from any thread; no I/O and no callback happens under its lock.
class Fleet {
 public:
  /// Keeps at most `history_points` points a node.
  explicit Fleet(std::size_t history_points);

  /// Replaces the inventory. Nodes that stay (same name and address) keep their state; others start as pending.
  void set_inventory(const std::vector<Host>& hosts, WallTime now);
  /// Takes in a scrape of the node; does nothing when the node has left the inventory in the meantime.
  void apply(const std::string& name, ScrapeResult result);
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
    std::deque<HistoryPoint> history;
  };

  const std::size_t history_points_;
  mutable Mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_ PIMAN_GUARDED_BY(mutex_);
  std::vector<std::string> order_ PIMAN_GUARDED_BY(mutex_);
  std::uint64_t version_ PIMAN_GUARDED_BY(mutex_) = 0;
  std::uint64_t inventory_version_ PIMAN_GUARDED_BY(mutex_) = 0;
  mutable std::shared_ptr<const FleetSnapshot> snapshot_ PIMAN_GUARDED_BY(mutex_);
};

}  // namespace piman::manager
