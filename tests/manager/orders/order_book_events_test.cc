// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>

#include "tests/manager/orders/order_book_fixture.h"

namespace piman::manager {
namespace {

using namespace std::chrono_literals;
using test::host;
using test::kImage;
using test::mac_of;
using test::OrderBookTest;
using ::testing::IsEmpty;

/// Whatever happens in whatever order, and with the manager killed at any moment: a card is written only under an
/// order for it that was on the disk before, by one install at a time; no node counts as installed half-way; and in
/// the end everything is over.
TEST_F(OrderBookTest, AnyOrderOfEvents) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto pick = [&random](unsigned below) { return static_cast<unsigned>(random() % below); };
    book = OrderBook(limits);
    stored_orders.clear(), stored_rollouts.clear(), stored_installs.clear(), stored_cards.clear(), facts.clear();
    std::map<unsigned, std::uint64_t> running;
    for (int step = 0; step < 400; ++step) {
      const unsigned number = 1 + pick(6);
      switch (pick(12)) {
        case 0: {
          RolloutRequest request;
          request.action = pick(2) == 0 ? OrderAction::kReinstall : OrderAction::kRestart;
          request.image = kImage;
          request.nodes = {host(number), host(1 + number % 6)};
          request.canary = pick(2);
          request.max_parallel = pick(3);
          request.stop_after_failures = pick(2);
          if (auto added = book.add(request, now())) {
            keep(added->effects);
            book.confirm(added->rollout);
          }
          facts[host(number).name].has_port = pick(2) == 0;
          break;
        }
        case 1:
        case 2:
        case 3:
          for (const OrderRecord& order : tick()) {
            if (pick(3) == 0) {
              keep(book.power_refused(order.id, "busy", pick(4) != 0, now()));
              continue;
            }
            keep(book.power_ordered(order.id));
            EXPECT_EQ(stored_orders.at(order.id).power, OrderPower::kOrdered);
            if (pick(3) != 0) keep(book.power_told(order.id, pick(5) != 0, false, "", facts[order.node], now()));
          }
          break;
        case 4:
        case 5: {
          if (running.contains(number)) break;
          const auto* open = book.open_install(mac_of(number), now());
          if (open == nullptr && pick(2) == 0) open = book.unproved_install(mac_of(number), now());
          if (open != nullptr) {
            EXPECT_TRUE(stored_orders.contains(open->id));
            EXPECT_EQ(stored_orders.at(open->id).mac, mac_of(number));
          }
          const auto claimed = book.claim(host(number), open == nullptr ? "first" : "reinstall",
                                          open == nullptr ? 0 : open->id, kImage, now());
          if (!claimed) break;
          if (pick(8) == 0) {
            keep(book.take_back_claim(claimed->install));
            break;
          }
          keep(claimed->effects);
          EXPECT_EQ(stored_cards.at(mac_of(number)).state, CardRecord::State::kBroken);
          running[number] = claimed->install;
          break;
        }
        case 6:
        case 7: {
          const auto found = running.find(number);
          if (found == running.end()) break;
          constexpr std::array kResults = {"installed", "cut", "failed", "not_verified"};
          finish(found->second, kResults[pick(4)], number);
          running.erase(found);
          break;
        }
        case 8:
          be_well(number);
          break;
        case 9:
          pass(std::chrono::seconds(pick(600)));
          break;
        case 10:
          if (pick(4) == 0) {
            restart();
            running.clear();
          }
          break;
        default:
          if (const auto effects = book.withdraw(1 + pick(20), "anna", now())) keep(*effects);
          break;
      }
      for (const auto& [each, install] : running) {
        EXPECT_TRUE(book.is_installing(mac_of(each)));
        EXPECT_EQ(book.card(mac_of(each))->state, CardRecord::State::kBroken);
      }
    }
    for (const auto& [each, install] : std::map(running)) finish(install, "cut", each);
    for (int i = 0; i < 40; ++i) {
      pass(limits.order_lifetime);
      for (const OrderRecord& order : tick()) keep(book.power_refused(order.id, "broken", false, now()));
      // Power that was ordered is always told of in the end.
      for (const OrderRecord& order : book.open_orders()) {
        if (order.power == OrderPower::kOrdered) keep(book.power_told(order.id, false, false, "", {}, now()));
      }
    }
    EXPECT_TRUE(book.is_idle());
    EXPECT_THAT(book.open_orders(), IsEmpty());
    for (const auto& [id, rollout] : stored_rollouts) EXPECT_NE(rollout.state, RolloutState::kRunning) << id;
    for (const auto& [id, order] : stored_orders) EXPECT_TRUE(is_over(order.state)) << id;
  }
}

}  // namespace
}  // namespace piman::manager
