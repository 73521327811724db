// SPDX-License-Identifier: Apache-2.0
#include "manager/fleet/fleet.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace piman::manager {
namespace {

/// Of a node's phases; an install from power-on to up takes nine.
constexpr std::size_t kMostPhases = 32;

float value_or_nan(const std::optional<double>& value) {
  return value ? static_cast<float>(*value) : std::numeric_limits<float>::quiet_NaN();
}

HistoryPoint point_of(const ScrapeResult& result) {
  const NodeEvent event = result.event.value_or(NodeEvent{});
  return HistoryPoint{result.at, value_or_nan(event.cpu_percent), value_or_nan(event.memory_percent),
                      value_or_nan(event.disk_percent), value_or_nan(result.temperature_celsius)};
}

/// The state after a scrape, but for the phase. What a failed scrape could not learn stays as the last good one left
/// it.
std::shared_ptr<NodeState> state_after(const NodeState& before, ScrapeResult result) {
  auto state = std::make_shared<NodeState>();
  state->host = before.host;
  state->phase = before.phase;
  state->phases = before.phases;
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

Fleet::Fleet(std::size_t history_points, PhaseRules rules) : history_points_(history_points), rules_(rules) {}

std::shared_ptr<const NodeState> Fleet::pending_state(const Host& host, WallTime now) {
  auto state = std::make_shared<NodeState>();
  state->host = host;
  state->phase_since = now;
  state->phases = std::make_shared<const std::vector<PhaseSpan>>(1, PhaseSpan{Phase::kPending, now});
  return state;
}

void Fleet::set_inventory(const std::vector<Host>& hosts, WallTime now) {
  std::map<std::string, Entry, std::less<>> entries;
  std::vector<std::string> order;
  order.reserve(hosts.size());
  const MutexLock lock(mutex_);
  for (const Host& host : hosts) {
    if (entries.contains(host.name)) continue;  // names are unique in what parse_hosts() makes
    const auto old = entries_.find(host.name);
    const bool stays = old != entries_.end() && old->second.state->host.address == host.address;
    Entry entry;
    if (stays) {
      entry = std::move(old->second);
    } else {
      entry.state = pending_state(host, now);
      entry.phase.since = entry.phase.heard = now;
    }
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
  std::optional<PhaseChange> change;
  {
    const MutexLock lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end()) return;
    Entry& entry = found->second;
    if (history_points_ > 0) {
      if (entry.history.size() >= history_points_) entry.history.pop_front();
      entry.history.push_back(point_of(result));
    }
    const ScrapeFact fact{result.error == ScrapeError::kNone, result.host_answered};
    const WallTime at = result.at;
    before = std::move(entry.state);
    auto state = state_after(*before, std::move(result));
    change = take(entry, *state, fact, at);
    entry.state = std::move(state);
  }
  tell(change);
}

void Fleet::note(std::string_view name, const PhaseFact& fact, WallTime at) {
  std::shared_ptr<const NodeState> before;
  std::optional<PhaseChange> change;
  {
    const MutexLock lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end()) return;
    Entry& entry = found->second;
    before = std::move(entry.state);
    auto state = std::make_shared<NodeState>(*before);
    change = take(entry, *state, fact, at);
    entry.state = std::move(state);
  }
  tell(change);
}

std::optional<PhaseChange> Fleet::take(Entry& entry, NodeState& state, const PhaseFact& fact, WallTime at) {
  const PhaseState before = std::exchange(entry.phase, phase_after(entry.phase, fact, at, rules_));
  const PhaseState& now = entry.phase;
  if (now.phase != before.phase) {
    auto phases = *state.phases;
    if (phases.size() >= kMostPhases) phases.erase(phases.begin());
    phases.push_back({now.phase, now.since});
    state.phases = std::make_shared<const std::vector<PhaseSpan>>(std::move(phases));
  }
  state.phase = now.phase;
  state.phase_since = now.since;
  state.phase_detail = now.detail;
  state.percent = now.percent;
  state.stuck = now.stuck;
  state.failed_boots = now.failed_boots;
  ++version_;
  snapshot_.reset();
  if (now.phase == before.phase && (before.stuck || !now.stuck)) return std::nullopt;
  const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(at - before.since);
  return PhaseChange{state.host.name, before.phase, now.phase, at, spent, now.detail};
}

void Fleet::tell(const std::optional<PhaseChange>& change) const {
  if (change && listener_) listener_(*change);
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
