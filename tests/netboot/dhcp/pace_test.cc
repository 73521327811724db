// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/pace.h"

#include <gtest/gtest.h>

namespace piman::netboot::dhcp {
namespace {

using namespace std::chrono_literals;

TEST(Pace, AFewLeaveAtOnce) {
  Pace pace;
  const SteadyTime now = SteadyTime{} + 1h;
  EXPECT_EQ(pace.take(1, now), 1U);
  EXPECT_EQ(pace.take(5, now), 5U);
  EXPECT_EQ(pace.take(0, now), 0U);
  EXPECT_EQ(pace.take(5, now + 10ms), 5U);
}

TEST(Pace, ARackLeavesInBursts) {
  Pace pace;
  SteadyTime now = SteadyTime{} + 1h;
  std::size_t waiting = 500;
  int slots = 0;
  for (; waiting > 0; ++slots) {
    const std::size_t sent = pace.take(waiting, now);
    EXPECT_LE(sent, Pace::kBurst);
    waiting -= sent;
    EXPECT_EQ(pace.take(waiting, pace.next() - 1ns), 0U);
    now = pace.next();
  }
  EXPECT_EQ(slots, 8);
}

TEST(Pace, ASlotIsSharedByAllThatComeInIt) {
  Pace pace;
  const SteadyTime now = SteadyTime{} + 1h;
  EXPECT_EQ(pace.take(50, now), 50U);
  EXPECT_EQ(pace.take(20, now + 500us), 14U);
  EXPECT_EQ(pace.take(8, now + 999us), 0U);
  EXPECT_EQ(pace.next(), now + Pace::kSlot);
  // What was not used in a silence is not saved up.
  EXPECT_EQ(pace.take(100, now + 1s), Pace::kBurst);
}

}  // namespace
}  // namespace piman::netboot::dhcp
