// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>

#include "tests/pisim/bytes.h"

/// A bad cable: decides for every frame whether, when and how often it arrives. Pure and seeded.
namespace piman::pisim {

struct LinkConditions {
  double loss = 0;  ///< of frames, 0 to 1; the next two as well
  double duplicate = 0;
  double reorder = 0;  ///< held back long enough for later frames to overtake
  Time delay{};        ///< of every frame
  Time jitter{};       ///< on top, anything up to this

  bool clean() const { return loss <= 0 && duplicate <= 0 && reorder <= 0 && delay == Time(0) && jitter == Time(0); }
};

class Link {
 public:
  struct Fate {
    std::size_t copies = 1;  ///< 0: lost
    std::array<Time, 2> delays{};
  };

  Link(const LinkConditions& conditions, std::uint64_t seed) : conditions_(conditions), random_(seed) {}

  Fate next() {
    Fate fate;
    if (random_.chance(conditions_.loss)) {
      fate.copies = 0;
      return fate;
    }
    fate.copies = random_.chance(conditions_.duplicate) ? 2 : 1;
    for (Time& delay : fate.delays) {
      delay = conditions_.delay;
      if (conditions_.jitter > Time(0)) delay += random_.below(conditions_.jitter);
      if (random_.chance(conditions_.reorder)) delay += conditions_.delay + conditions_.jitter + kHeldBack;
    }
    return fate;
  }

 private:
  static constexpr Time kHeldBack = std::chrono::milliseconds(2);

  LinkConditions conditions_;
  Random random_;
};

}  // namespace piman::pisim
