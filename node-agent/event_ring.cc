// SPDX-License-Identifier: Apache-2.0
#include "node-agent/event_ring.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace piman::agent {
namespace {

/// Milliseconds: an agent that restarts within one second must not repeat a number, and JSON readers that know only
/// doubles keep every digit of it.
std::uint64_t first_id(WallTime made) {
  const auto since_epoch = std::chrono::duration_cast<std::chrono::milliseconds>(made.time_since_epoch()).count();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(since_epoch, 1));
}

}  // namespace

EventRing::EventRing(WallTime made) : next_id_(first_id(made)) {}

void EventRing::add(SteadyTime at, std::string kind, std::string detail) {
  const MutexLock lock(mutex_);
  if (entries_.size() == kCapacity) entries_.pop_front();
  entries_.push_back({next_id_++, at, std::move(kind), std::move(detail)});
}

std::vector<NotableEvent> EventRing::since(std::uint64_t id, WallTime wall_now, SteadyTime steady_now) const {
  using std::chrono::milliseconds;
  std::vector<NotableEvent> events;
  const MutexLock lock(mutex_);
  const bool from_elsewhere = id >= next_id_;
  for (const Entry& entry : entries_) {
    if (!from_elsewhere && entry.id <= id) continue;
    const auto age = std::chrono::duration_cast<milliseconds>(steady_now - entry.at);
    const auto time = std::chrono::duration_cast<milliseconds>(wall_now.time_since_epoch()) - age;
    events.push_back({entry.id, static_cast<double>(time.count()) / 1000, entry.kind, entry.detail});
  }
  return events;
}

}  // namespace piman::agent
