// SPDX-License-Identifier: Apache-2.0
#include "node-agent/event_ring.h"

#include <gtest/gtest.h>

#include <thread>

namespace piman::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr WallTime kMade{seconds(1700000000)};
constexpr SteadyTime kStart{seconds(100)};

std::vector<NotableEvent> since(const EventRing& ring, std::uint64_t id) { return ring.since(id, kMade, kStart); }

TEST(EventRing, NumbersGrowFromTheTimeItWasMade) {
  EventRing ring(kMade);
  EXPECT_TRUE(since(ring, 0).empty());
  ring.add(kStart, "a", "1");
  ring.add(kStart, "b", "2");
  const auto all = since(ring, 0);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].id, 1700000000000U);
  EXPECT_EQ(all[0].kind, "a");
  EXPECT_EQ(all[1].id, 1700000000001U);
  EXPECT_EQ(all[1].detail, "2");
  EventRing restarted(kMade + seconds(1));
  restarted.add(kStart, "c", "");
  EXPECT_GT(since(restarted, 0)[0].id, all[1].id);
}

TEST(EventRing, Since) {
  EventRing ring(kMade);
  for (int i = 0; i < 3; ++i) ring.add(kStart, "e", "");
  const std::uint64_t first = since(ring, 0)[0].id;
  EXPECT_EQ(since(ring, first).size(), 2U);
  EXPECT_EQ(since(ring, first + 1).size(), 1U);
  EXPECT_TRUE(since(ring, first + 2).empty());
  // From another life of the agent, with its clock ahead.
  EXPECT_EQ(since(ring, first + 3).size(), 3U);
  EXPECT_EQ(since(ring, UINT64_MAX).size(), 3U);
}

TEST(EventRing, KeepsTheLast256) {
  EventRing ring(kMade);
  for (int i = 0; i < 1000; ++i) ring.add(kStart, "e", std::to_string(i));
  const auto all = since(ring, 0);
  ASSERT_EQ(all.size(), 256U);
  EXPECT_EQ(all.front().detail, "744");
  EXPECT_EQ(all.back().detail, "999");
}

TEST(EventRing, TimesAreRightOnceTheClockIs) {
  EventRing ring(WallTime{seconds(10)});  // a Pi that has just come up believes in 1970
  ring.add(kStart - seconds(60), "boot", "");
  ring.add(kStart - milliseconds(1500), "e", "");
  const auto all = ring.since(0, kMade, kStart);
  EXPECT_EQ(all[0].time, 1699999940);
  EXPECT_EQ(all[1].time, 1699999998.5);
}

TEST(EventRing, AClockBeforeTheEpoch) {
  EventRing ring(WallTime{seconds(-5)});
  ring.add(kStart, "e", "");
  EXPECT_EQ(since(ring, 0)[0].id, 1U);
}

TEST(EventRing, FromSeveralThreads) {
  EventRing ring(kMade);
  {
    std::jthread one([&] {
      for (int i = 0; i < 2000; ++i) ring.add(kStart, "one", "");
    });
    std::jthread two([&] {
      for (int i = 0; i < 2000; ++i) ring.add(kStart, "two", "");
    });
    for (int i = 0; i < 200; ++i) {
      const auto events = since(ring, 0);
      for (std::size_t k = 1; k < events.size(); ++k) ASSERT_EQ(events[k].id, events[k - 1].id + 1);
    }
  }
  EXPECT_EQ(since(ring, 0).back().id, 1700000000000U + 3999);
}

}  // namespace
}  // namespace piman::agent
