// SPDX-License-Identifier: Apache-2.0
#include "manager/orders/order_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/manager/orders/order_book_fixture.h"

namespace piman::manager {
namespace {

using namespace std::chrono_literals;
using test::host;
using test::kImage;
using test::mac_of;
using test::OrderBookTest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(OrderBookTest, ReinstallsANode) {
  const auto id = add(OrderAction::kReinstall, {7});
  EXPECT_EQ(states(id), "waiting");
  const auto to_switch = tick();
  ASSERT_THAT(to_switch, SizeIs(1));
  EXPECT_EQ(to_switch[0].node, "pi7");
  EXPECT_THAT(tick(), IsEmpty()) << "it is told once";
  EXPECT_EQ(book.open_install(mac_of(7), now()), nullptr) << "what is about to be cut off does not begin to write";
  switch_power(7);
  const auto install = claim(7);
  EXPECT_EQ(order_of(7).state, OrderState::kInstalling);
  EXPECT_EQ(stored_cards.at(mac_of(7)).state, CardRecord::State::kBroken);
  EXPECT_TRUE(book.is_installing(mac_of(7)));
  be_well(7);
  finish(install, "installed", 7);
  EXPECT_EQ(stored_cards.at(mac_of(7)).state, CardRecord::State::kInstalled);
  EXPECT_EQ(stored_cards.at(mac_of(7)).image, "raspios");
  tick();
  EXPECT_EQ(states(id), "checking") << "the scrape before the end of the install is no sign of health";
  be_well(7);
  tick();
  EXPECT_EQ(states(id), "done");
  EXPECT_FALSE(book.is_idle()) << "its rollout does not know yet";
  tick();
  EXPECT_EQ(stored_rollouts.at(id).state, RolloutState::kDone);
  EXPECT_TRUE(book.is_idle());
  EXPECT_THAT(
      journal,
      ElementsAre("order pi7: reinstall with raspios@1 (order 1) by anna at 127.0.0.1, because \"a test\"",
                  HasSubstr("install pi7: install 1 of raspios@1 begins"),
                  HasSubstr("install pi7: install 1 of raspios: installed"), "order pi7: reinstall (order 1): done"));
}

TEST_F(OrderBookTest, ANodeThatWaitsIsNotSwitched) {
  add(OrderAction::kReinstall, {7});
  facts["pi7"].waits = true;
  EXPECT_THAT(tick(), IsEmpty());
  EXPECT_NE(book.open_install(mac_of(7), now()), nullptr);
}

TEST_F(OrderBookTest, ANodeAtNoSwitchIsInstalledWhenItBootsNext) {
  add(OrderAction::kReinstall, {7});
  facts["pi7"].has_port = false;
  EXPECT_THAT(tick(), IsEmpty());
  EXPECT_NE(book.open_install(mac_of(7), now()), nullptr);
  pass(limits.start + 1min);
  tick();
  EXPECT_EQ(order_of(7).state, OrderState::kOpen) << "nobody knows when it boots";
}

TEST_F(OrderBookTest, ASecondOrderForANodeIsRefusedWhileOneIsOpen) {
  add(OrderAction::kReinstall, {7});
  RolloutRequest second;
  second.action = OrderAction::kRestart;
  second.nodes = {host(8), host(7)};
  const auto added = book.add(second, now());
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().message, "pi7: its reinstall of order 1 is waiting");
  EXPECT_EQ(book.open_order(mac_of(8)), nullptr) << "nothing of it is done";
}

TEST_F(OrderBookTest, OrdersExpire) {
  add(OrderAction::kReinstall, {7});
  facts["pi7"].has_port = false;
  tick();
  pass(limits.order_lifetime - 1s);
  EXPECT_NE(book.open_install(mac_of(7), now()), nullptr);
  pass(1s);
  EXPECT_EQ(book.open_install(mac_of(7), now()), nullptr) << "also before anybody has looked";
  EXPECT_FALSE(book.claim(host(7), "reinstall", 1, kImage, now()));
  tick();
  EXPECT_EQ(order_of(7).state, OrderState::kExpired);
}

TEST_F(OrderBookTest, ACutInstallLeavesTheOrderOpen) {
  add(OrderAction::kReinstall, {7});
  tick();
  switch_power(7);
  for (std::uint32_t i = 0; i < limits.most_attempts; ++i) {
    ASSERT_NE(book.open_install(mac_of(7), now()), nullptr) << i;
    finish(claim(7), "cut", 7);
    EXPECT_EQ(stored_cards.at(mac_of(7)).state, CardRecord::State::kBroken);
  }
  EXPECT_EQ(order_of(7).state, OrderState::kFailed) << "not for ever";
  EXPECT_EQ(book.open_install(mac_of(7), now()), nullptr);
}

TEST_F(OrderBookTest, ANodeThatGivesUpIsSwitchedOnceMore) {
  add(OrderAction::kReinstall, {7});
  tick();
  switch_power(7);
  finish(claim(7), "failed", 7);
  EXPECT_EQ(order_of(7).state, OrderState::kOpen);
  EXPECT_THAT(tick(), SizeIs(1));
  switch_power(7);
  finish(claim(7), "not_verified", 7);
  EXPECT_EQ(order_of(7).state, OrderState::kFailed);
}

TEST_F(OrderBookTest, OneThatNeverAsksHasFailed) {
  add(OrderAction::kReinstall, {7});
  tick();
  switch_power(7);
  pass(limits.start - 1s);
  tick();
  EXPECT_EQ(order_of(7).state, OrderState::kOpen);
  pass(1s);
  tick();
  EXPECT_EQ(order_of(7).state, OrderState::kFailed);
  EXPECT_THAT(order_of(7).detail, HasSubstr("did not ask for its install within 15 min"));
}

TEST_F(OrderBookTest, ClocksThatJumpDoNotEndWhatIsWaitedFor) {
  add(OrderAction::kRestart, {7});
  tick();
  switch_power(7);
  wall_ms += std::chrono::milliseconds(5h).count();  // NTP found the time
  tick();
  EXPECT_EQ(order_of(7).state, OrderState::kChecking);
  pass(limits.health);
  tick();
  EXPECT_EQ(order_of(7).state, OrderState::kFailed);
}

TEST_F(OrderBookTest, PowerThatIsRefusedForNowIsTriedAgain) {
  add(OrderAction::kRestart, {7});
  ASSERT_THAT(tick(), SizeIs(1));
  keep(book.power_refused(1, "cooldown", true, now()));
  EXPECT_THAT(tick(), IsEmpty());
  pass(limits.retry);
  ASSERT_THAT(tick(), SizeIs(1));
  keep(book.power_refused(1, "no switch has a port for it", false, now()));
  EXPECT_EQ(order_of(7).state, OrderState::kFailed);
}

TEST_F(OrderBookTest, PowerOrdersEndWithTheSwitch) {
  add(OrderAction::kPowerOff, {7});
  add(OrderAction::kPowerOn, {8});
  ASSERT_THAT(tick(), SizeIs(2));
  switch_power(7);
  keep(book.power_ordered(2));
  keep(book.power_told(2, false, false, "port 8 of rack1 was not switched on: timeout", {}, now()));
  EXPECT_EQ(order_of(7).state, OrderState::kDone);
  EXPECT_EQ(order_of(8).state, OrderState::kFailed);
}

TEST_F(OrderBookTest, ADryRunRestartIsDoneAndAReinstallWaitsForAHand) {
  add(OrderAction::kRestart, {7});
  add(OrderAction::kReinstall, {8});
  tick();
  keep(book.power_ordered(1));
  keep(book.power_told(1, true, true, "dry run", {}, now()));
  keep(book.power_ordered(2));
  keep(book.power_told(2, true, true, "dry run", {}, now()));
  EXPECT_EQ(order_of(7).state, OrderState::kDone);
  EXPECT_EQ(order_of(8).state, OrderState::kOpen);
  EXPECT_THAT(order_of(8).detail, HasSubstr("by hand"));
}

TEST_F(OrderBookTest, PowerIsSwitchedOnlyForAnOpenOrderOfThatNode) {
  add(OrderAction::kRestart, {7});
  EXPECT_FALSE(book.check(1, "pi7", now())) << "its turn has not come";
  tick();
  EXPECT_TRUE(book.check(1, "pi7", now()));
  EXPECT_EQ(book.check(1, "pi8", now()).error().message, "order 1 is for pi7, not for pi8");
  EXPECT_FALSE(book.check(2, "pi7", now()));
  pass(limits.order_lifetime);
  EXPECT_FALSE(book.check(1, "pi7", now()));
}

TEST_F(OrderBookTest, IsNotIdleBeforeItsRolloutHasEnded) {
  const auto rollout = add(OrderAction::kRestart, {1});
  tick();
  switch_power(1);
  facts["pi1"].is_up = true;
  facts["pi1"].successes = 1000;
  pass(1min);
  for (int ticks = 0; ticks < 10 && !book.is_idle(); ++ticks) tick();
  EXPECT_TRUE(book.is_idle());
  EXPECT_EQ(states(rollout), "done");
  EXPECT_EQ(book.rollout(rollout)->state, RolloutState::kDone);
}

TEST_F(OrderBookTest, TheCanaryMustBeWellBeforeTheOthers) {
  RolloutRequest careful;
  careful.canary = 1;
  const auto id = add(OrderAction::kRestart, {2, 3, 4}, careful);
  ASSERT_THAT(tick(), SizeIs(1));
  EXPECT_EQ(states(id), "open waiting waiting");
  switch_power(2);
  tick();
  EXPECT_EQ(states(id), "checking waiting waiting");
  be_well(2);
  tick();
  tick();
  EXPECT_EQ(states(id), "done open open");
}

TEST_F(OrderBookTest, ACanaryThatFailsStopsTheRollout) {
  RolloutRequest careful;
  careful.canary = 1;
  const auto id = add(OrderAction::kRestart, {2, 3, 4}, careful);
  tick();
  switch_power(2);
  tick();
  pass(limits.health);
  tick();
  tick();
  EXPECT_EQ(states(id), "failed withdrawn withdrawn");
  EXPECT_EQ(stored_rollouts.at(id).state, RolloutState::kStopped);
  EXPECT_EQ(stored_rollouts.at(id).detail, "stopped after pi2 failed");
}

TEST_F(OrderBookTest, NeverMoreAtOnceThanAsked) {
  RolloutRequest careful;
  careful.max_parallel = 2;
  const auto id = add(OrderAction::kRestart, {2, 3, 4, 5}, careful);
  EXPECT_THAT(tick(), SizeIs(2));
  switch_power(2);
  tick();
  EXPECT_EQ(states(id), "checking open waiting waiting");
  be_well(2);
  tick();
  tick();
  EXPECT_EQ(states(id), "done open open waiting");
}

TEST_F(OrderBookTest, StopsAfterSoManyFailures) {
  RolloutRequest careful;
  careful.max_parallel = 1;
  careful.stop_after_failures = 2;
  const auto id = add(OrderAction::kRestart, {2, 3, 4, 5}, careful);
  for (int i = 0; i < 2; ++i) {
    const auto to_switch = tick();
    ASSERT_THAT(to_switch, SizeIs(1));
    keep(book.power_refused(to_switch[0].id, "broken", false, now()));
  }
  tick();
  EXPECT_EQ(states(id), "failed failed withdrawn withdrawn");
  EXPECT_EQ(stored_rollouts.at(id).state, RolloutState::kStopped);
}

TEST_F(OrderBookTest, WithdrawingLeavesWhatHasBegun) {
  const auto id = add(OrderAction::kReinstall, {2, 3, 4});
  tick();
  switch_power(2);
  const auto install = claim(2);
  keep(book.power_ordered(order_of(3).id));
  const auto effects = book.withdraw(id, "anna", now());
  ASSERT_TRUE(effects);
  keep(*effects);
  EXPECT_EQ(states(id), "installing open withdrawn");
  EXPECT_FALSE(book.withdraw(id, "anna", now()));
  EXPECT_FALSE(book.withdraw(99, "anna", now()));
  finish(install, "installed", 2);
  EXPECT_EQ(order_of(2).state, OrderState::kChecking);
}

TEST_F(OrderBookTest, NothingIsDoneByWhatIsNotStored) {
  RolloutRequest request;
  request.nodes = {host(7)};
  const auto added = book.add(request, now());
  ASSERT_TRUE(added);
  EXPECT_THAT(tick(), IsEmpty());
  book.take_back(added->rollout);
  EXPECT_EQ(book.open_order(mac_of(7)), nullptr);
  EXPECT_EQ(book.rollout(added->rollout), nullptr);
  EXPECT_TRUE(book.is_idle());
}

TEST_F(OrderBookTest, AFirstInstallMakesItsOwnOrder) {
  keep(book.accept(mac_of(7), now()));
  EXPECT_NE(stored_cards.at(mac_of(7)).accepted_ms, 0);
  const auto claimed = book.claim(host(7), "first", 0, kImage, now());
  ASSERT_TRUE(claimed);
  keep(claimed->effects);
  EXPECT_EQ(order_of(7).action, OrderAction::kFirst);
  finish(claimed->install, "cut", 7);
  const auto* open = book.open_install(mac_of(7), now());
  ASSERT_NE(open, nullptr) << "the next boot goes on";
  finish(claim(7), "installed", 7);
  be_well(7);
  tick();
  tick();
  EXPECT_EQ(order_of(7).state, OrderState::kDone);
}

TEST_F(OrderBookTest, AClaimThatIsNotStoredLeavesNoTrace) {
  const auto claimed = book.claim(host(7), "first", 0, kImage, now());
  ASSERT_TRUE(claimed);
  book.take_back_claim(claimed->install);
  EXPECT_EQ(book.card(mac_of(7)), nullptr);
  EXPECT_FALSE(book.is_installing(mac_of(7)));
  EXPECT_TRUE(book.is_idle());
  add(OrderAction::kReinstall, {7});
  tick();
  switch_power(7);
  const auto install = claim(7);
  book.take_back_claim(install);
  EXPECT_EQ(book.open_install(mac_of(7), now())->attempts, 0U);
}

TEST_F(OrderBookTest, TwoInstallsOfOneNodeNeverRun) {
  add(OrderAction::kReinstall, {7});
  tick();
  switch_power(7);
  claim(7);
  EXPECT_EQ(book.open_install(mac_of(7), now()), nullptr);
  const auto second = book.claim(host(7), "first", 0, kImage, now());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "pi7: install 1 runs");
}

TEST_F(OrderBookTest, WhoSaysThatItHasASystemIsNoFirstInstall) {
  keep(book.seen_installed(mac_of(7), now()));
  EXPECT_TRUE(stored_cards.at(mac_of(7)).was_ever_installed);
  const auto again = book.seen_installed(mac_of(7), now());
  EXPECT_TRUE(again.rows.empty()) << "known already: no write for each boot";
}

TEST_F(OrderBookTest, AKilledManagerFindsWhatItHadBegun) {
  const auto id = add(OrderAction::kReinstall, {2, 3, 4});
  tick();
  switch_power(2);
  claim(2);
  keep(book.power_ordered(order_of(3).id));  // and dies while it is off
  restart();
  EXPECT_EQ(stored_installs.at(1).result, "cut");
  EXPECT_EQ(order_of(2).state, OrderState::kOpen);
  EXPECT_EQ(book.card(mac_of(2))->state, CardRecord::State::kBroken);
  const auto to_switch = tick();
  std::vector<std::string> names;
  for (const OrderRecord& order : to_switch) names.push_back(order.node);
  EXPECT_THAT(names, ElementsAre("pi3", "pi4")) << "pi3 may be off: it is switched again";
  EXPECT_EQ(to_switch[0].power, OrderPower::kOrdered) << "and nobody knows how far that was";
  EXPECT_EQ(to_switch[1].power, OrderPower::kWanted);
  EXPECT_NE(book.open_install(mac_of(2), now()), nullptr);
  const auto next = add(OrderAction::kRestart, {9});
  EXPECT_EQ(next, id + 1) << "numbers are not used twice";
}

TEST_F(OrderBookTest, NodesThatWereSwitchedOffAreRememberedUntilSomethingSwitchesThemOn) {
  const auto left_off = [&] {
    std::vector<std::string> names;
    for (const OrderRecord& order : book.left_off()) names.push_back(order.node);
    return names;
  };
  add(OrderAction::kPowerOff, {2, 3});
  tick();
  for (const unsigned number : {2U, 3U}) switch_power(number);
  EXPECT_THAT(left_off(), ElementsAre("pi2", "pi3"));
  restart();
  EXPECT_THAT(left_off(), ElementsAre("pi2", "pi3"));
  add(OrderAction::kPowerOn, {3});
  tick();
  switch_power(3);
  EXPECT_THAT(left_off(), ElementsAre("pi2"));
}

TEST_F(OrderBookTest, RememberedAreTheLastInstallsOfANode) {
  for (std::size_t i = 0; i < limits.installs_per_node + 5; ++i) {
    const auto claimed = book.claim(host(7), "first", 0, kImage, now());
    ASSERT_TRUE(claimed);
    keep(claimed->effects);
    finish(claimed->install, "installed", 7);
    be_well(7);
    tick();
    be_well(7);
    tick();
  }
  const auto installs = book.installs_of(mac_of(7));
  ASSERT_THAT(installs, SizeIs(limits.installs_per_node));
  EXPECT_EQ(installs.front().id, limits.installs_per_node + 5);
}

}  // namespace
}  // namespace piman::manager
