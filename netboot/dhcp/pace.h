// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "common/clock.h"

/// How fast replies may leave. Messages that gathered are answered together, and a relay, which takes the answers of
/// hundreds of clients with one socket, loses what its buffer has no room for: with the usual 208 KiB that is all above
/// some 160 replies that come at once. So they leave in bursts that a program behind such a buffer keeps up with.
namespace piman::netboot::dhcp {

/// Thread-safety: none.
class Pace {
 public:
  static constexpr std::size_t kBurst = 64;
  static constexpr std::chrono::milliseconds kSlot{1};  ///< the time of a burst: 64,000 replies a second at the most

  /// How many of `wanted` may leave now. When that is not all, come again at next().
  std::size_t take(std::size_t wanted, SteadyTime now) {
    if (now >= next_) {
      next_ = now + kSlot;
      left_ = kBurst;
    }
    const std::size_t taken = std::min(wanted, left_);
    left_ -= taken;
    return taken;
  }
  SteadyTime next() const { return next_; }

 private:
  SteadyTime next_{};
  std::size_t left_ = 0;
};

}  // namespace piman::netboot::dhcp
