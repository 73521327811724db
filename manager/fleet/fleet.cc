// SPDX-License-Identifier: Apache-2.0
#include "manager/fleet/fleet.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace piman::manager {
namespace {

float value_or_nan(const std::optional<double>& value) {
  return value ? static_cast<float>(*value) : std::numeric_limits<float>::quiet_NaN();
}

HistoryPoint point_of(const ScrapeResult& result) {
  const NodeEvent event = result.event.value_or(NodeEvent{});
  return HistoryPoint{result.at, value_or_nan(event.cpu_percent), value_or_nan(event.memory_percent),
                      value_or_nan(event.disk_percent), value_or_nan(result.temperature_celsius)};
}

std::shared_ptr<const NodeState> pending_state(const Host& host, WallTime now) {
  auto state = std::make_shared<NodeState>();
  state->host = host;
  state->phase_since = now;
  return state;
}

/// The state after a scrape. What a failed scrape could not learn stays as the last good one left it.
std::shared_ptr<const NodeState> state_after(const NodeState& before, ScrapeResult result) {
  auto state = std::make_shared<NodeState>();
  state->host = before.host;
  state->phase = phase_after(result);
  state->phase_since = state->phase == before.phase ? before.phase_since : result.at;
  state->scrapes = before.scrapes + 1;
  if (result.error == ScrapeError::kNone) {
    state->last_seen = result.at;
    state->event = result.event;
    state->temperature_celsius = result.temperature_celsius;
    state->boot_time_seconds = result.boot_time_seconds;
    state->model = result.model;
    state->health = std::move(result.health);
    state->failures = before.failures;
  } else {
    state->last_seen = before.last_seen;
    state->event = before.event;
    state->temperature_celsius = before.temperature_celsius;
    state->boot_time_seconds = before.boot_time_seconds;
    state->model = before.model;
    state->health = before.health;
    state->failures = before.failures + 1;
    state->consecutive_failures = before.consecutive_failures + 1;
  }
  state->last = std::move(result);
  return state;
}

}  // namespace

const NodeState* FleetSnapshot::find(std::string_view name) const {
  const auto found =
      std::find_if(nodes.begin(), nodes.end(), [&](const auto& node) { return node->host.name == name; });
  return found == nodes.end() ? nullptr : found->get();
}

Fleet::Fleet(std::size_t history_points) : history_points_(history_points) {}

void Fleet::set_inventory(const std::vector<Host>& hosts, WallTime now) {
  std::map<std::string, Entry, std::less<>> entries;
  std::vector<std::string> order;
  order.reserve(hosts.size());
  const MutexLock lock(mutex_);
  for (const Host& host : hosts) {
    if (entries.contains(host.name)) continue;  // names are unique in what parse_hosts() makes
    const auto old = entries_.find(host.name);
    const bool stays = old != entries_.end() && old->second.state->host.address == host.address;
    Entry entry = stays ? std::move(old->second) : Entry{pending_state(host, now), {}};
    if (entry.state->host != host) {  // the same node with another network interface
      auto state = std::make_shared<NodeState>(*entry.state);
      state->host = host;
      entry.state = std::move(state);
    }
    entries.emplace(host.name, std::move(entry));
    order.push_back(host.name);
  }
  entries_.swap(entries);  // what left is freed after the lock
  order_ = std::move(order);
  ++version_;
  ++inventory_version_;
  snapshot_.reset();
}

void Fleet::apply(const std::string& name, ScrapeResult result) {
  std::shared_ptr<const NodeState> before;  // outlives the lock: the last one to hold it frees a whole page
  const MutexLock lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  if (history_points_ > 0) {
    if (entry.history.size() >= history_points_) entry.history.pop_front();
    entry.history.push_back(point_of(result));
  }
  before = std::move(entry.state);
  entry.state = state_after(*before, std::move(result));
  ++version_;
  snapshot_.reset();
}

std::shared_ptr<const FleetSnapshot> Fleet::snapshot() const {
  const MutexLock lock(mutex_);
  if (!snapshot_) {
    auto made = std::make_shared<FleetSnapshot>();
    made->version = version_;
    made->nodes.reserve(order_.size());
    for (const std::string& name : order_) made->nodes.push_back(entries_.find(name)->second.state);
    snapshot_ = std::move(made);
  }
  return snapshot_;
}

std::shared_ptr<const NodeState> Fleet::find(std::string_view name) const {
  const MutexLock lock(mutex_);
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : found->second.state;
}

std::uint64_t Fleet::inventory_version() const {
  const MutexLock lock(mutex_);
  return inventory_version_;
}

std::vector<HistoryPoint> Fleet::history(std::string_view name) const {
  const MutexLock lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return {};
  return {found->second.history.begin(), found->second.history.end()};
}

}  // namespace piman::manager
