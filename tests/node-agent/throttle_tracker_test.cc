// SPDX-License-Identifier: Apache-2.0
#include "node-agent/throttle_tracker.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "common/text.h"

namespace piman::agent {
namespace {

constexpr auto kUnder = ThrottleCondition::kUnderVoltage;
constexpr std::uint32_t kOn = 0x1, kSticky = 0x10000;

std::string describe(const std::vector<ThrottleTracker::Change>& changes) {
  std::string text;
  for (const auto& change : changes) {
    const bool on = change.kind == ThrottleTracker::Change::Kind::kOn;
    const bool off = change.kind == ThrottleTracker::Change::Kind::kOff;
    text += concat(to_string(change.condition), on ? " on" : off ? " off" : " passed", ';');
  }
  return text;
}

class ThrottleTrackerTest : public testing::Test {
 protected:
  std::string look(std::uint32_t word, std::size_t messages = 0) { return describe(tracker_.look({word, messages})); }
  std::uint64_t events(ThrottleCondition condition = kUnder) const { return tracker_.events(condition); }
  ThrottleTracker tracker_;
};

TEST_F(ThrottleTrackerTest, TheFirstLookCountsNothing) {
  EXPECT_FALSE(tracker_.started());
  EXPECT_EQ(look(0xf000f, 3), "");
  EXPECT_TRUE(tracker_.started());
  EXPECT_TRUE(tracker_.level(kUnder));
  EXPECT_EQ(events(), 0U);
  EXPECT_EQ(look(0xf000f), "");
  EXPECT_EQ(events(), 0U);
}

TEST_F(ThrottleTrackerTest, OnsetsByLevel) {
  look(0);
  EXPECT_EQ(look(kOn | kSticky), "under_voltage on;");
  EXPECT_EQ(events(), 1U);
  EXPECT_EQ(look(kOn | kSticky), "");
  EXPECT_EQ(look(kSticky), "under_voltage off;");
  EXPECT_FALSE(tracker_.level(kUnder));
  EXPECT_EQ(look(kSticky), "");
  EXPECT_EQ(events(), 1U);
  EXPECT_EQ(look(kOn | kSticky), "under_voltage on;");
  EXPECT_EQ(events(), 2U);
}

TEST_F(ThrottleTrackerTest, ADipBetweenTwoLooksCountsOnce) {
  look(0);
  EXPECT_EQ(look(kSticky), "under_voltage passed;");
  EXPECT_EQ(look(kSticky), "");
  EXPECT_EQ(look(kSticky), "");
  EXPECT_EQ(events(), 1U);
}

TEST_F(ThrottleTrackerTest, WhereTheKernelClearsTheStickyBitEachDipCounts) {
  look(0);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(look(kSticky), "under_voltage passed;");
    EXPECT_EQ(look(0), "");
  }
  EXPECT_EQ(events(), 3U);
}

TEST_F(ThrottleTrackerTest, AStickyBitThatIsClearedWhileTheConditionHoldsIsNoNewOnset) {
  look(0);
  look(kOn | kSticky);
  EXPECT_EQ(look(kOn), "");            // cleared just before this look
  EXPECT_EQ(look(kOn | kSticky), "");  // and set again by the same onset
  EXPECT_EQ(look(kSticky), "under_voltage off;");
  EXPECT_EQ(look(0), "");
  EXPECT_EQ(events(), 1U);
}

TEST_F(ThrottleTrackerTest, TheKernelsMessageIsAboutTheOnsetThatWasSeen) {
  look(0);
  look(kOn | kSticky, 1);  // with the look that saw it
  EXPECT_EQ(events(), 1U);
  look(0);
  look(kOn | kSticky);
  EXPECT_EQ(look(kOn, 1), "");  // or with the next
  EXPECT_EQ(events(), 2U);
}

TEST_F(ThrottleTrackerTest, MessagesThatNoOnsetExplainsCount) {
  look(0);
  EXPECT_EQ(look(0, 1), "under_voltage passed;");
  EXPECT_EQ(events(), 1U);
  EXPECT_EQ(look(kOn | kSticky, 3), "under_voltage on;under_voltage passed;under_voltage passed;");
  EXPECT_EQ(events(), 4U);
  look(kOn);
  look(kOn);
  EXPECT_EQ(look(kOn, 1), "under_voltage passed;");  // much later: a new one
  EXPECT_EQ(events(), 5U);
}

TEST_F(ThrottleTrackerTest, ConditionsAreCountedApart) {
  look(0);
  EXPECT_EQ(look(0xe), "frequency_capped on;throttled on;soft_temp_limit on;");
  EXPECT_EQ(look(0x40000), "frequency_capped off;throttled off;soft_temp_limit off;");
  EXPECT_EQ(look(0xc0000), "soft_temp_limit passed;");
  EXPECT_EQ(events(), 0U);
  EXPECT_EQ(events(ThrottleCondition::kFrequencyCapped), 1U);
  EXPECT_EQ(events(ThrottleCondition::kThrottled), 1U);
  EXPECT_EQ(events(ThrottleCondition::kSoftTempLimit), 2U);
}

// Played against a board whose every onset is known: what is counted is never more.
TEST_F(ThrottleTrackerTest, NeverMoreThanThereWere) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    ThrottleTracker tracker;
    const bool kernel_clears = seed % 2 == 0;
    bool level = false, sticky = false, kernel_saw = false;
    std::uint64_t onsets = 0;
    std::size_t messages = 0;
    tracker.look({0, 0});
    for (int tenth = 1; tenth < 6000; ++tenth) {
      if (random() % 40 == 0) {
        level = !level;
        if (level) ++onsets;
      }
      sticky = sticky || level;
      if (kernel_clears && tenth % 20 == 0) {
        if (sticky && !kernel_saw) ++messages;
        kernel_saw = sticky;
        sticky = level;
      }
      if (tenth % 50 == 0) {
        tracker.look({(level ? kOn : 0U) | (sticky ? kSticky : 0U), messages});
        messages = 0;
      }
    }
    EXPECT_LE(tracker.events(kUnder), onsets) << seed;
    EXPECT_GT(tracker.events(kUnder), 0U) << seed;
  }
}

}  // namespace
}  // namespace piman::agent
