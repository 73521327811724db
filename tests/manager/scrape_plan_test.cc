// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/scrape_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "common/text.h"

namespace piman::manager {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const SteadyTime kStart{std::chrono::hours(5)};

Host host(std::string name, std::uint32_t last = 1) {
  return Host{std::move(name), Ipv4Address(0x0A00'0000U + last), MacAddress()};
}
std::vector<Host> hosts(std::uint32_t count) {
  std::vector<Host> all;
  for (std::uint32_t i = 0; i < count; ++i) all.push_back(host(concat("pi", i), i + 1));
  return all;
}
ScrapePlan plan_of(const std::vector<Host>& all, const ScrapePlan::Settings& settings = {}) {
  ScrapePlan plan(settings);
  plan.set_hosts(all, kStart);
  return plan;
}

/// Waits for the only node of a plan and scrapes it; returns when that was.
SteadyTime run_once(ScrapePlan& plan, ScrapeEnd end, milliseconds takes = milliseconds(10)) {
  const auto due = plan.next_due(true);
  EXPECT_TRUE(due);
  const auto taken = plan.take_due(*due, true);
  EXPECT_TRUE(taken);
  plan.finish(*taken, end, *due + takes);
  return *due;
}

TEST(ScrapePlan, IsEmptyWithoutHosts) {
  ScrapePlan plan = plan_of({});
  EXPECT_EQ(plan.next_due(true), std::nullopt);
  EXPECT_EQ(plan.take_due(kStart + seconds(100), true), std::nullopt);
  EXPECT_EQ(plan.unscraped(), 0U);
}

TEST(ScrapePlan, ANodeOutOfTurnIsNotTakenTwiceAndKeepsItsPlace) {
  ScrapePlan plan = plan_of(hosts(1));
  run_once(plan, ScrapeEnd::kGood);
  const SteadyTime place = run_once(plan, ScrapeEnd::kGood);
  EXPECT_EQ(plan.take("pi7", place + seconds(5)), std::nullopt);
  const auto taken = plan.take("pi0", place + seconds(5));
  ASSERT_TRUE(taken);
  EXPECT_EQ(plan.due_of("pi0"), place + seconds(5));
  EXPECT_EQ(plan.take("pi0", place + seconds(6)), std::nullopt);
  EXPECT_EQ(plan.take_due(place + seconds(60), true), std::nullopt);
  plan.finish(*taken, ScrapeEnd::kGood, place + seconds(6));
  EXPECT_EQ(plan.next_due(true), place + seconds(15));
}

TEST(ScrapePlan, TheFirstRoundIsShortAndThenEachNodeKeepsItsPlace) {
  ScrapePlan plan = plan_of(hosts(200));
  std::map<std::string, std::vector<SteadyTime>> times;
  EXPECT_EQ(plan.unscraped(), 200U);
  for (SteadyTime now = kStart; now < kStart + seconds(120); now += milliseconds(10)) {
    while (const auto taken = plan.take_due(now, false)) {
      times[taken->name].push_back(now);
      plan.finish(*taken, ScrapeEnd::kGood, now + milliseconds(3));
    }
    if (now == kStart + seconds(1)) {
      EXPECT_EQ(plan.unscraped(), 0U);
    }
  }
  ASSERT_EQ(times.size(), 200U);
  std::map<std::int64_t, int> per_second;
  for (const auto& [name, at] : times) {
    EXPECT_LE(at[0], kStart + seconds(1));
    EXPECT_GE(at[1] - at[0], milliseconds(7490)) << name;
    EXPECT_LE(at[1] - at[0], milliseconds(22'510)) << name;
    for (std::size_t i = 2; i < at.size(); ++i) {
      EXPECT_GE(at[i] - at[i - 1], milliseconds(14'990)) << name;
      EXPECT_LE(at[i] - at[i - 1], milliseconds(15'010)) << name;
    }
    ++per_second[std::chrono::duration_cast<seconds>(at[2].time_since_epoch()).count() % 15];
  }
  // Spread over the interval: of 200 nodes 13 fall on each of its 15 seconds, give or take.
  ASSERT_EQ(per_second.size(), 15U);
  for (const auto& [second, count] : per_second) EXPECT_LE(count, 30) << second;
}

TEST(ScrapePlan, NodesShareAHundredPlacesEvenly) {
  ScrapePlan plan = plan_of(hosts(1'000));
  SteadyTime now = kStart + seconds(2);
  while (const auto taken = plan.take_due(now, false)) plan.finish(*taken, ScrapeEnd::kGood, now);
  // Each has joined its place by now; a whole round of them.
  std::map<std::int64_t, int> per_place;
  const SteadyTime end = now + seconds(60);
  for (auto due = plan.next_due(false); due && *due < end; due = plan.next_due(false)) {
    const auto taken = plan.take_due(*due, false);
    ASSERT_TRUE(taken);
    if (*due >= end - seconds(15)) ++per_place[due->time_since_epoch() / milliseconds(1) % 15'000];
    plan.finish(*taken, ScrapeEnd::kGood, *due + milliseconds(5));
  }
  int all = 0;
  for (const auto& [place, count] : per_place) {
    EXPECT_EQ(place % 150, 0);
    EXPECT_LE(count, 30) << place;
    all += count;
  }
  EXPECT_EQ(all, 1'000);
  EXPECT_GE(per_place.size(), 95U);
}

TEST(ScrapePlan, IsTheSameInEveryRun) {
  ScrapePlan a = plan_of(hosts(50));
  ScrapePlan b = plan_of(hosts(50));
  for (SteadyTime now = kStart; now < kStart + seconds(2); now += milliseconds(1)) {
    const auto from_a = a.take_due(now, true);
    const auto from_b = b.take_due(now, true);
    EXPECT_EQ(from_a, from_b);
  }
}

TEST(ScrapePlan, ASlowFailureDoublesThePauseUpToTheLimit) {
  ScrapePlan plan = plan_of({host("a")});
  std::vector<std::int64_t> pauses;
  SteadyTime last = run_once(plan, ScrapeEnd::kFailedSlow, seconds(5));
  for (int i = 0; i < 6; ++i) {
    const SteadyTime at = run_once(plan, ScrapeEnd::kFailedSlow, seconds(5));
    pauses.push_back(std::chrono::duration_cast<seconds>(at - last).count());
    last = at;
  }
  EXPECT_EQ(pauses, (std::vector<std::int64_t>{15, 30, 60, 120, 120, 120}));
  EXPECT_TRUE(plan.is_slow("a"));
  // One good answer and it is back.
  run_once(plan, ScrapeEnd::kGood);
  EXPECT_FALSE(plan.is_slow("a"));
  const SteadyTime first = run_once(plan, ScrapeEnd::kGood);
  const SteadyTime second = run_once(plan, ScrapeEnd::kGood);
  EXPECT_EQ(second - first, seconds(15));
}

TEST(ScrapePlan, AFastFailureKeepsTheInterval) {
  ScrapePlan plan = plan_of({host("a")});
  run_once(plan, ScrapeEnd::kFailedFast);
  SteadyTime last = run_once(plan, ScrapeEnd::kFailedFast);
  for (int i = 0; i < 5; ++i) {
    const SteadyTime at = run_once(plan, ScrapeEnd::kFailedFast);
    EXPECT_EQ(at - last, seconds(15));
    last = at;
  }
  EXPECT_FALSE(plan.is_slow("a"));
}

TEST(ScrapePlan, ABackoffBelowTheIntervalIsTheInterval) {
  ScrapePlan plan = plan_of({host("a")}, {seconds(15), seconds(1), seconds(1)});
  SteadyTime last = run_once(plan, ScrapeEnd::kFailedSlow);
  for (int i = 0; i < 3; ++i) {
    const SteadyTime at = run_once(plan, ScrapeEnd::kFailedSlow);
    EXPECT_EQ(at - last, seconds(15));
    last = at;
  }
}

TEST(ScrapePlan, SlowNodesCanBeLeftOut) {
  ScrapePlan plan = plan_of(hosts(2));
  while (const auto taken = plan.take_due(kStart + seconds(1), true)) {
    plan.finish(*taken, taken->name == "pi0" ? ScrapeEnd::kFailedSlow : ScrapeEnd::kGood, kStart + seconds(1));
  }
  const SteadyTime later = kStart + seconds(60);
  const auto live = plan.take_due(later, false);
  ASSERT_TRUE(live);
  EXPECT_EQ(live->name, "pi1");
  EXPECT_EQ(plan.take_due(later, false), std::nullopt);
  EXPECT_EQ(plan.next_due(false), std::nullopt);
  EXPECT_NE(plan.next_due(true), std::nullopt);
  EXPECT_EQ(plan.take_due(later, true)->name, "pi0");
}

TEST(ScrapePlan, ALateNodeSkipsWhatItMissed) {
  ScrapePlan plan = plan_of({host("a")});
  run_once(plan, ScrapeEnd::kGood);
  const SteadyTime due = plan.next_due(true).value();
  const auto taken = plan.take_due(due + seconds(50), true);
  plan.finish(*taken, ScrapeEnd::kGood, due + seconds(51));
  EXPECT_EQ(plan.next_due(true).value() - due, seconds(60));  // its own place, and not four times at once
}

TEST(ScrapePlan, ANodeInFlightIsNotTakenAgain) {
  ScrapePlan plan = plan_of({host("a")});
  ASSERT_TRUE(plan.take_due(kStart + seconds(1), true));
  EXPECT_EQ(plan.take_due(kStart + seconds(100), true), std::nullopt);
  EXPECT_EQ(plan.next_due(true), std::nullopt);
  EXPECT_EQ(plan.unscraped(), 1U);
}

TEST(ScrapePlan, AnInventoryChangeKeepsTheOthersInPlace) {
  ScrapePlan plan = plan_of({host("stays", 1), host("flies", 2), host("moves", 3), host("leaves", 4)});
  std::map<std::string, Host> taken;
  while (const auto one = plan.take_due(kStart + seconds(1), true)) taken.emplace(one->name, *one);
  for (const char* name : {"stays", "moves", "leaves"})
    plan.finish(taken.at(name), ScrapeEnd::kGood, kStart + seconds(1));
  const auto stays_due = [&] {
    ScrapePlan copy = plan;
    SteadyTime found{};
    while (const auto due = copy.next_due(true)) {
      if (copy.take_due(*due, true)->name == "stays") found = *due;
    }
    return found;
  };
  const SteadyTime before = stays_due();
  const SteadyTime now = kStart + seconds(2);
  plan.set_hosts({host("new", 9), host("stays", 1), host("flies", 2), host("moves", 33)}, now);
  EXPECT_EQ(stays_due(), before);
  EXPECT_FALSE(plan.has(host("moves", 3)));
  EXPECT_TRUE(plan.has(host("moves", 33)));
  EXPECT_FALSE(plan.has_name("leaves"));
  EXPECT_EQ(plan.unscraped(), 3U);  // new, moves, and flies, which is still under way

  std::vector<std::string> soon;
  while (const auto one = plan.take_due(now + seconds(1), true)) soon.push_back(one->name);
  std::sort(soon.begin(), soon.end());
  EXPECT_EQ(soon, (std::vector<std::string>{"moves", "new"}));
  plan.finish(host("moves", 3), ScrapeEnd::kGood, now);   // of the old address: ignored
  plan.finish(host("leaves", 4), ScrapeEnd::kGood, now);  // left: ignored
  EXPECT_EQ(plan.unscraped(), 3U);
  plan.finish(host("flies", 2), ScrapeEnd::kGood, now);
  EXPECT_EQ(plan.unscraped(), 2U);
}

TEST(ScrapeEnd, TellsWhatHoldsAPlaceForLong) {
  EXPECT_EQ(scrape_end(ScrapeError::kNone), ScrapeEnd::kGood);
  for (const auto error : {ScrapeError::kTimeout, ScrapeError::kUnreachable, ScrapeError::kTooLarge}) {
    EXPECT_EQ(scrape_end(error), ScrapeEnd::kFailedSlow);
  }
  for (const auto error :
       {ScrapeError::kRefused, ScrapeError::kHttpStatus, ScrapeError::kMalformed, ScrapeError::kOther}) {
    EXPECT_EQ(scrape_end(error), ScrapeEnd::kFailedFast);
  }
}

}  // namespace
}  // namespace piman::manager
