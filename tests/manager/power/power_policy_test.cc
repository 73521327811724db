// SPDX-License-Identifier: Apache-2.0
#include "manager/power/power_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace piman::power {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const SteadyTime kStart = SteadyTime{} + seconds(1000);
constexpr auto kCycle = PowerAction::kCycle;

PowerStep off(const std::string& node) { return {node, false}; }
PowerStep on(const std::string& node) { return {node, true}; }
Refusal add(PowerPolicy& policy, const std::string& node, SteadyTime now, PowerAction action = kCycle) {
  return policy.add(node, "rack", action, false, false, now);
}

TEST(PowerPolicy, a_cycle_keeps_the_off_time) {
  PowerPolicy policy(PolicySettings{});
  EXPECT_EQ(add(policy, "a", kStart), Refusal::kNone);
  EXPECT_THAT(policy.due(kStart), ElementsAre(off("a")));
  EXPECT_FALSE(policy.finished(off("a"), true, kStart));
  EXPECT_EQ(policy.next(kStart), kStart + seconds(4));
  EXPECT_THAT(policy.due(kStart + milliseconds(3999)), IsEmpty());
  EXPECT_THAT(policy.held_off(), ElementsAre("a"));
  EXPECT_THAT(policy.due(kStart + seconds(4)), ElementsAre(on("a")));
  EXPECT_TRUE(policy.finished(on("a"), true, kStart + seconds(4)));
  EXPECT_THAT(policy.held_off(), IsEmpty());
  EXPECT_EQ(policy.next(kStart + seconds(4)), std::nullopt);
}

struct CheckCase {
  const char* what;
  PowerAction action;
  bool installing, forced;
  seconds after;  ///< the end of the node's last cycle
  Refusal expected;
};

TEST(PowerPolicy, what_is_refused) {
  const std::vector<CheckCase> cases = {
      {"within the cooldown", kCycle, false, false, seconds(119), Refusal::kCooldown},
      {"after the cooldown", kCycle, false, false, seconds(120), Refusal::kNone},
      {"forced within the cooldown", kCycle, false, true, seconds(1), Refusal::kNone},
      {"on is never too early", PowerAction::kOn, false, false, seconds(1), Refusal::kNone},
      {"off within the cooldown", PowerAction::kOff, false, false, seconds(1), Refusal::kCooldown},
      {"during an install", kCycle, true, false, seconds(500), Refusal::kInstalling},
      {"forced during an install", kCycle, true, true, seconds(500), Refusal::kNone},
      {"on during an install", PowerAction::kOn, true, false, seconds(500), Refusal::kNone},
  };
  for (const CheckCase& each : cases) {
    PowerPolicy policy(PolicySettings{});
    ASSERT_EQ(add(policy, "a", kStart), Refusal::kNone);
    policy.due(kStart);
    policy.finished(off("a"), true, kStart);
    policy.due(kStart + seconds(4));
    ASSERT_TRUE(policy.finished(on("a"), true, kStart + seconds(4)));
    EXPECT_EQ(policy.check("a", each.action, each.installing, each.forced, kStart + seconds(4) + each.after),
              each.expected)
        << each.what;
  }
}

TEST(PowerPolicy, a_busy_node_is_refused_even_by_force) {
  PowerPolicy policy(PolicySettings{});
  EXPECT_EQ(add(policy, "a", kStart), Refusal::kNone);
  EXPECT_EQ(policy.add("a", "rack", kCycle, false, true, kStart), Refusal::kBusy);
}

TEST(PowerPolicy, no_more_are_off_than_may_be) {
  PolicySettings settings;
  settings.most_off = 2;
  PowerPolicy policy(settings);
  for (const char* node : {"a", "b", "c"}) EXPECT_EQ(add(policy, node, kStart), Refusal::kNone);
  EXPECT_THAT(policy.due(kStart), ElementsAre(off("a"), off("b")));
  policy.finished(off("a"), true, kStart);
  policy.finished(off("b"), true, kStart + seconds(1));
  EXPECT_THAT(policy.due(kStart + seconds(4)), ElementsAre(on("a")));
  EXPECT_THAT(policy.due(kStart + seconds(4)), IsEmpty()) << "a is not on before that is known";
  EXPECT_TRUE(policy.finished(on("a"), true, kStart + seconds(4)));
  EXPECT_THAT(policy.due(kStart + seconds(4)), ElementsAre(off("c")));
}

TEST(PowerPolicy, after_a_restart_whoever_may_be_off_is_switched_on_and_then_waits_for_its_turn) {
  PolicySettings settings;
  settings.most_off = 1;
  PowerPolicy policy(settings);
  // Of three that had been ordered one had begun, and nobody knows which.
  for (const char* node : {"a", "b", "c"}) {
    EXPECT_EQ(policy.resume(node, "rack", kCycle, false, kStart), Refusal::kNone);
  }
  EXPECT_EQ(policy.resume("a", "rack", kCycle, false, kStart), Refusal::kBusy);
  EXPECT_EQ(add(policy, "d", kStart), Refusal::kNone);
  EXPECT_THAT(policy.held_off(), ElementsAre("a", "b", "c")) << "before the program ends they are to be switched on";
  EXPECT_THAT(policy.due(kStart), ElementsAre(on("a"), on("b"), on("c"))) << "and nobody is switched off meanwhile";
  for (const char* node : {"a", "b"}) EXPECT_FALSE(policy.finished(on(node), true, kStart));
  EXPECT_THAT(policy.due(kStart), IsEmpty()) << "c may still be off";
  EXPECT_FALSE(policy.finished(on("c"), true, kStart));
  EXPECT_THAT(policy.due(kStart), ElementsAre(off("a")));
  EXPECT_FALSE(policy.finished(off("a"), true, kStart));
  EXPECT_THAT(policy.due(kStart + seconds(4)), ElementsAre(on("a")));
  EXPECT_TRUE(policy.finished(on("a"), true, kStart + seconds(4)));
  EXPECT_THAT(policy.due(kStart + seconds(4)), ElementsAre(off("b")));
}

TEST(PowerPolicy, whoever_can_not_be_switched_on_after_a_restart_is_tried_three_times) {
  PowerPolicy policy(PolicySettings{});
  EXPECT_EQ(policy.resume("a", "rack", kCycle, false, kStart), Refusal::kNone);
  SteadyTime now = kStart;
  for (int i = 0; i < 3; ++i, now += seconds(4)) {
    EXPECT_THAT(policy.due(now), ElementsAre(on("a")));
    EXPECT_EQ(policy.finished(on("a"), false, now), i == 2);
  }
}

TEST(PowerPolicy, nodes_left_off_by_an_earlier_run_count) {
  PolicySettings settings;
  settings.most_off = 1;
  PowerPolicy policy(settings);
  policy.remember_off("a");
  EXPECT_EQ(add(policy, "b", kStart), Refusal::kMostOff);
  EXPECT_EQ(add(policy, "a", kStart, PowerAction::kOn), Refusal::kNone);
  EXPECT_THAT(policy.due(kStart), ElementsAre(on("a")));
  EXPECT_TRUE(policy.finished(on("a"), true, kStart));
  EXPECT_EQ(add(policy, "b", kStart), Refusal::kNone);
}

TEST(PowerPolicy, nodes_that_stay_off_count_and_are_not_waited_for) {
  PolicySettings settings;
  settings.most_off = 1;
  PowerPolicy policy(settings);
  EXPECT_EQ(add(policy, "a", kStart, PowerAction::kOff), Refusal::kNone);
  EXPECT_THAT(policy.due(kStart), ElementsAre(off("a")));
  EXPECT_TRUE(policy.finished(off("a"), true, kStart));
  EXPECT_EQ(add(policy, "b", kStart), Refusal::kMostOff);
  EXPECT_EQ(policy.check("b", kCycle, false, true, kStart), Refusal::kNone);
  EXPECT_EQ(add(policy, "a", kStart, PowerAction::kOn), Refusal::kNone);
  EXPECT_THAT(policy.due(kStart), ElementsAre(on("a")));
  EXPECT_TRUE(policy.finished(on("a"), true, kStart));
  EXPECT_EQ(add(policy, "b", kStart), Refusal::kNone);
}

TEST(PowerPolicy, starts_are_spread_by_the_budget_of_the_switch) {
  PolicySettings settings;
  settings.start_watts = {{"rack", 25}, {"tiny", 1}};
  PowerPolicy policy(settings);
  for (const char* node : {"a", "b", "c"}) add(policy, node, kStart, PowerAction::kOn);
  policy.add("t", "tiny", PowerAction::kOn, false, false, kStart);
  policy.add("u", "other", PowerAction::kOn, false, false, kStart);
  EXPECT_THAT(policy.due(kStart), ElementsAre(on("a"), on("b"), on("t"), on("u")));
  for (const char* node : {"a", "b", "t", "u"}) policy.finished(on(node), true, kStart);
  EXPECT_EQ(policy.next(kStart), kStart + seconds(10));
  EXPECT_THAT(policy.due(kStart + milliseconds(9999)), IsEmpty());
  EXPECT_THAT(policy.due(kStart + seconds(10)), ElementsAre(on("c")));
}

TEST(PowerPolicy, after_a_failed_off_the_node_is_switched_on_at_once) {
  PowerPolicy policy(PolicySettings{});
  add(policy, "a", kStart);
  policy.due(kStart);
  EXPECT_FALSE(policy.finished(off("a"), false, kStart));
  EXPECT_THAT(policy.due(kStart), ElementsAre(on("a")));
}

TEST(PowerPolicy, a_failed_on_is_tried_three_times) {
  PowerPolicy policy(PolicySettings{});
  add(policy, "a", kStart, PowerAction::kOn);
  SteadyTime now = kStart;
  for (int tries = 0; tries < 2; ++tries) {
    EXPECT_THAT(policy.due(now), ElementsAre(on("a")));
    EXPECT_FALSE(policy.finished(on("a"), false, now));
    EXPECT_THAT(policy.due(now), IsEmpty());
    now += seconds(4);
  }
  EXPECT_THAT(policy.due(now), ElementsAre(on("a")));
  EXPECT_TRUE(policy.finished(on("a"), false, now));
}

}  // namespace
}  // namespace piman::power
