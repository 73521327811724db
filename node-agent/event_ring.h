// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/event.h"
#include "common/mutex.h"

namespace piman::agent {

/// The last notable events, for whoever asks less often than they happen. Numbers only grow: they start from the time
/// the ring was made, so that those of a restarted agent are beyond those of the one before.
/// Thread-safety: all methods may be called from any thread.
class EventRing {
 public:
  static constexpr std::size_t kCapacity = 256;

  explicit EventRing(WallTime made);
  void add(SteadyTime at, std::string kind, std::string detail);
  /// Those with a higher number, oldest first. All of them for a number that is yet to come: it is from a ring whose
  /// clock was ahead. Their times follow from the two clocks now: a Pi has no clock battery, and what happens before
  /// its clock is set has the right time afterwards.
  std::vector<NotableEvent> since(std::uint64_t id, WallTime wall_now, SteadyTime steady_now) const;

 private:
  struct Entry {
    std::uint64_t id;
    SteadyTime at;
    std::string kind, detail;
  };
  mutable Mutex mutex_;
  std::uint64_t next_id_ PIMAN_GUARDED_BY(mutex_);
  std::deque<Entry> entries_ PIMAN_GUARDED_BY(mutex_);
};

}  // namespace piman::agent
