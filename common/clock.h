// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace piman {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

/// The farthest wall time, since 1970, that is believed of a row or an answer; no clock of ours goes beyond it. Such
/// times can be held, compared and subtracted: WallTime itself ends at little more than twice as much.
inline constexpr std::chrono::milliseconds kFarthestTime{4'000'000'000'000};

/// Seconds since 1970-01-01 UTC with fractions, as Prometheus writes times.
inline double unix_seconds(WallTime time) { return std::chrono::duration<double>(time.time_since_epoch()).count(); }
inline double to_seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

/// The seam for loops that must know the time. Decisions do not take a Clock: they take `now` as a parameter.
/// Thread-safety: implementations are safe to call from several threads.
class Clock {
 public:
  virtual ~Clock() = default;
  /// For durations and deadlines: never jumps.
  virtual SteadyTime steady() const { return std::chrono::steady_clock::now(); }
  /// For people and other machines: may jump (a Pi has no clock battery).
  virtual WallTime wall() const { return std::chrono::system_clock::now(); }
};

}  // namespace piman
