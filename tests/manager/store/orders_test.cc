// SPDX-License-Identifier: Apache-2.0
// Orders, installs and cards in the store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "common/text.h"
#include "manager/store/store.h"
#include "tests/manager/store/store_fixture.h"

namespace piman::manager {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::SizeIs;

const MacAddress kMac({0xb8, 0x27, 0xeb, 1, 2, 3});

OrderChanges sample() {
  OrderChanges changes;
  changes.rollouts.push_back(
      {3, OrderAction::kReinstall, RolloutState::kStopped, 1, 2, 3, 1000, 2000, "anna", "why", "detail"});
  OrderRecord order;
  order.id = 7;
  order.rollout = 3;
  order.mac = kMac;
  order.node = "pi7";
  order.action = OrderAction::kReinstall;
  order.state = OrderState::kInstalling;
  order.power = OrderPower::kOrdered;
  order.forced = true;
  order.attempts = 2;
  order.created_ms = 10;
  order.expires_ms = 20;
  order.since_ms = 15;
  order.image = {"raspios", "1", "tar.gz", std::string(64, 'a'), "/images/a", 1UL << 40U};
  order.who = "anna at 127.0.0.1";
  order.why = "new 'kernel'";
  order.detail = "in words";
  changes.orders.push_back(order);
  changes.installs.push_back(
      {9, 7, kMac, "pi7", "reinstall", "raspios", "1", "aa", 100, 200, "cut", "download", "gone"});
  changes.cards.push_back({kMac, CardRecord::State::kBroken, true, 5, 6, "raspios", "1", "aa"});
  return changes;
}

class StoredOrdersTest : public test::StoreFixture {
 protected:
  StoredOrdersTest() { settings.journal_delay = 10ms; }
};

TEST_F(StoredOrdersTest, ComeBackAsTheyWere) {
  {
    const auto store = open();
    ASSERT_TRUE(put_orders(*store, sample()));
  }
  const auto store = open();
  const auto loaded = store->load_orders();
  ASSERT_TRUE(loaded) << loaded.error().message;
  const OrderChanges expected = sample();
  EXPECT_EQ(loaded->rollouts, expected.rollouts);
  EXPECT_EQ(loaded->orders, expected.orders);
  EXPECT_EQ(loaded->installs, expected.installs);
  EXPECT_EQ(loaded->cards, expected.cards);
}

TEST_F(StoredOrdersTest, ALaterRowReplacesAnEarlierOne) {
  const auto store = open();
  OrderChanges changes = sample();
  ASSERT_TRUE(put_orders(*store, changes));
  changes.orders[0].state = OrderState::kDone;
  ASSERT_TRUE(put_orders(*store, {{}, changes.orders, {}, {}}));
  const auto loaded = store->load_orders();
  ASSERT_THAT(loaded->orders, SizeIs(1));
  EXPECT_EQ(loaded->orders[0].state, OrderState::kDone);
  EXPECT_THAT(loaded->installs, SizeIs(1));
}

TEST_F(StoredOrdersTest, AreDurableAlsoWhereLeasesNeedNotBe) {
  settings.survives_power_loss = false;
  const auto store = open();
  ASSERT_TRUE(put_orders(*store, sample()));
  EXPECT_THAT(store->load_orders()->orders, SizeIs(1));
}

TEST_F(StoredOrdersTest, WhatIsOverIsForgottenInTheEndAndWhatIsNotStays) {
  settings.most_orders = 10;
  settings.most_installs = 10;
  const auto store = open();
  for (std::uint64_t id = 1; id <= 50; ++id) {
    OrderChanges changes = sample();
    changes.orders[0].id = id;
    changes.orders[0].state = id == 2 ? OrderState::kOpen : OrderState::kDone;
    changes.installs[0].id = id;
    changes.installs[0].ended_ms = id == 3 ? 0 : 200;
    ASSERT_TRUE(put_orders(*store, std::move(changes)));
  }
  store->append({1, "order", "pi7", "late writes trim"});
  ASSERT_TRUE(store->load_boots());  // waits for them
  const auto loaded = store->load_orders();
  ASSERT_THAT(loaded->orders, SizeIs(11));
  EXPECT_EQ(loaded->orders.front().id, 2U);
}

}  // namespace
}  // namespace piman::manager
