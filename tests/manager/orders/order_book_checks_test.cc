// SPDX-License-Identifier: Apache-2.0
// Nodes that come back without a system while they are looked at, and what the journal says for programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/manager/orders/order_book_fixture.h"

namespace piman::manager {
namespace {

using namespace std::chrono_literals;
using test::host;
using test::kImage;
using test::mac_of;
using test::OrderBookTest;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::Pair;

class CheckedOrder : public OrderBookTest {
 protected:
  /// An install of pi7 that ended well.
  void install_once() {
    facts["pi7"].has_port = false;
    tick();
    finish(claim(7), "installed", 7);
    ASSERT_EQ(order_of(7).state, OrderState::kChecking);
  }
  Result<OrderBook::Claimed> claim_unproved() {
    const auto* unproved = book.unproved_install(mac_of(7), now());
    if (unproved == nullptr) return fail("none");
    return book.claim(host(7), "reinstall", unproved->id, unproved->image, now());
  }
};

TEST_F(CheckedOrder, WhatCameBackWithoutASystemIsInstalledOnceMoreByTheSameOrder) {
  const auto id = add(OrderAction::kReinstall, {7});
  EXPECT_EQ(book.unproved_install(mac_of(7), now()), nullptr) << "it was not installed yet";
  install_once();
  EXPECT_EQ(book.open_install(mac_of(7), now()), nullptr) << "not for a node that says that it has a system";
  const auto again = claim_unproved();
  ASSERT_TRUE(again) << again.error().message;
  keep(again->effects);
  EXPECT_EQ(order_of(7).state, OrderState::kInstalling);
  EXPECT_EQ(order_of(7).attempts, 2U);
  EXPECT_EQ(stored_orders.size(), 1U) << "within the same intent";
  EXPECT_EQ(stored_cards.at(mac_of(7)).state, CardRecord::State::kBroken);
  finish(again->install, "installed", 7);
  EXPECT_EQ(book.unproved_install(mac_of(7), now()), nullptr) << "not for ever";
  EXPECT_FALSE(book.claim(host(7), "reinstall", order_of(7).id, kImage, now()));
  be_well(7);
  tick();
  EXPECT_EQ(states(id), "done");
}

TEST_F(CheckedOrder, AClaimThatIsNotStoredTakesNoChanceAway) {
  add(OrderAction::kReinstall, {7});
  install_once();
  for (int i = 0; i < 3; ++i) {
    const auto again = claim_unproved();
    ASSERT_TRUE(again) << i;
    keep(book.take_back_claim(again->install));
    EXPECT_EQ(book.open_order(mac_of(7))->state, OrderState::kChecking);
    EXPECT_EQ(book.card(mac_of(7))->state, CardRecord::State::kInstalled);
  }
}

TEST_F(CheckedOrder, ItsIntentExpiresAllTheSame) {
  add(OrderAction::kReinstall, {7});
  facts["pi7"].has_port = false;
  tick();
  const auto install = claim(7);
  pass(limits.order_lifetime - 1s);
  finish(install, "installed", 7);
  EXPECT_NE(book.unproved_install(mac_of(7), now()), nullptr);
  pass(1s);
  EXPECT_EQ(book.unproved_install(mac_of(7), now()), nullptr);
}

TEST_F(CheckedOrder, AKilledManagerKnowsItToo) {
  add(OrderAction::kReinstall, {7});
  install_once();
  restart();
  EXPECT_NE(book.unproved_install(mac_of(7), now()), nullptr);
}

TEST_F(CheckedOrder, AnInstallWithoutAnOrderEndsWhatIsOnlyLookedAt) {
  const auto restarted = add(OrderAction::kRestart, {7});
  tick();
  EXPECT_FALSE(book.claim(host(7), "auto_format", 0, kImage, now())) << "its power is about to be switched";
  switch_power(7);
  ASSERT_EQ(order_of(7).state, OrderState::kChecking);
  const auto claimed = book.claim(host(7), "auto_format", 0, kImage, now());
  ASSERT_TRUE(claimed) << claimed.error().message;
  keep(claimed->effects);
  EXPECT_EQ(states(restarted), "failed");
  EXPECT_EQ(stored_orders.at(1).detail, "it came back without a system");
  EXPECT_EQ(order_of(7).action, OrderAction::kAutoFormat);
  EXPECT_EQ(order_of(7).state, OrderState::kInstalling);
  tick();
  EXPECT_EQ(stored_rollouts.at(restarted).state, RolloutState::kDone);
  finish(claimed->install, "installed", 7);
  be_well(7);
  tick();
  EXPECT_EQ(order_of(7).state, OrderState::kDone);
  EXPECT_TRUE(book.is_idle());
}

TEST_F(CheckedOrder, ThatEndStandsWhenTheClaimIsTakenBack) {
  add(OrderAction::kRestart, {7});
  tick();
  switch_power(7);
  const auto claimed = book.claim(host(7), "first", 0, kImage, now());
  ASSERT_TRUE(claimed);
  keep(book.take_back_claim(claimed->install));
  EXPECT_EQ(order_of(7).state, OrderState::kFailed);
  EXPECT_EQ(book.open_order(mac_of(7)), nullptr);
  EXPECT_EQ(book.card(mac_of(7)), nullptr);
  tick();
  EXPECT_TRUE(book.is_idle());
}

TEST_F(CheckedOrder, ACardOfWhichItsNodeWasNotToldIsWhatItWas) {
  add(OrderAction::kReinstall, {7, 8});
  keep(book.seen_installed(mac_of(7), now()));
  tick();
  for (const unsigned number : {7U, 8U}) {
    switch_power(number);
    const auto install = claim(number);
    EXPECT_EQ(stored_cards.at(mac_of(number)).state, CardRecord::State::kBroken) << "until it is known";
    finish(install, "failed", number, false);
  }
  EXPECT_EQ(stored_cards.at(mac_of(7)).state, CardRecord::State::kInstalled);
  EXPECT_EQ(stored_cards.at(mac_of(8)).state, CardRecord::State::kNever);
  EXPECT_FALSE(stored_cards.at(mac_of(8)).was_ever_installed);
}

TEST_F(CheckedOrder, TheJournalTellsProgramsWhoWhyAndWhat) {
  add(OrderAction::kReinstall, {7});
  facts["pi7"].has_port = false;
  tick();
  finish(claim(7), "failed", 7);
  finish(claim(7), "installed", 7);
  be_well(7);
  tick();
  tick();
  ASSERT_EQ(data.size(), 6U);
  for (const auto& each : data) {
    EXPECT_THAT(each, IsSupersetOf({Pair("who", "anna at 127.0.0.1"), Pair("why", "a test"), Pair("order", "1"),
                                    Pair("action_id", "1"), Pair("action", "reinstall"), Pair("image", "raspios@1")}));
    EXPECT_THAT(each, Contains(Pair("sha256", kImage.sha256)).Times(each.contains("attempts") ? 0 : 1));
  }
  EXPECT_EQ(data[0].at("step"), "given");
  EXPECT_THAT(data[0], Not(Contains(Pair("result", ::testing::_))));
  EXPECT_THAT(data[1], IsSupersetOf({Pair("step", "begun"), Pair("install", "1"), Pair("attempt", "1")}));
  EXPECT_THAT(data[2], IsSupersetOf({Pair("step", "ended"), Pair("result", "failed"), Pair("stage", "download")}));
  EXPECT_THAT(data[3], IsSupersetOf({Pair("install", "2"), Pair("attempt", "2")}));
  EXPECT_EQ(data[4].at("result"), "installed");
  EXPECT_THAT(data[5], IsSupersetOf({Pair("step", "ended"), Pair("result", "done"), Pair("attempts", "2")}));
}

TEST_F(CheckedOrder, AFirstInstallIsAnIntentInTheJournal) {
  const auto claimed = book.claim(host(7), "first", 0, kImage, now());
  ASSERT_TRUE(claimed);
  keep(claimed->effects);
  EXPECT_THAT(journal,
              ElementsAre("order pi7: first with raspios@1 (order 1) by configuration, because \"install.first: auto\"",
                          HasSubstr("install pi7: install 1 of raspios@1 begins (first, order 1, attempt 1")));
  EXPECT_THAT(data[0], IsSupersetOf({Pair("step", "given"), Pair("who", "configuration"),
                                     Pair("why", "install.first: auto"), Pair("image", "raspios@1")}));
}

}  // namespace
}  // namespace piman::manager
