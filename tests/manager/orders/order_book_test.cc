// SPDX-License-Identifier: Apache-2.0
#include "manager/orders/order_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "common/text.h"

namespace piman::manager {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

MacAddress mac_of(unsigned number) {
  return MacAddress({0xb8, 0x27, 0xeb, 0, static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number)});
}

Host host(unsigned number) { return {concat("pi", number), Ipv4Address(0x0a000000U + number), mac_of(number)}; }

const OrderImage kImage = {"raspios", "1", "tar.gz", std::string(64, 'a'), "/images/a", 1000};

/// A book with a clock, nodes as the test wants them, and a store that is the sum of all rows.
class OrderBookTest : public ::testing::Test {
 protected:
  BookTime now() const { return {wall_ms, steady}; }
  void pass(std::chrono::milliseconds time) {
    wall_ms += time.count();
    steady += time;
  }
  void keep(const BookEffects& effects) {
    for (const auto& row : effects.rows.rollouts) stored_rollouts[row.id] = row;
    for (const auto& row : effects.rows.orders) stored_orders[row.id] = row;
    for (const auto& row : effects.rows.installs) stored_installs[row.id] = row;
    for (const auto& row : effects.rows.cards) stored_cards[row.mac] = row;
    for (const auto& line : effects.journal) journal.push_back(concat(line.kind, ' ', line.subject, ": ", line.text));
  }
  OrderChanges stored() const {
    OrderChanges all;
    for (const auto& [id, row] : stored_rollouts) all.rollouts.push_back(row);
    for (const auto& [id, row] : stored_orders) all.orders.push_back(row);
    for (const auto& [id, row] : stored_installs) all.installs.push_back(row);
    for (const auto& [id, row] : stored_cards) all.cards.push_back(row);
    return all;
  }
  /// As if the manager had been killed and started anew.
  void restart() {
    book = OrderBook(limits);
    keep(book.restore(stored(), now()));
  }
  std::vector<OrderRecord> tick() {
    const auto tick = book.tick([this](const OrderRecord& order) { return facts[order.node]; }, now());
    keep(tick.effects);
    return tick.to_switch;
  }
  std::uint64_t add(OrderAction action, std::vector<unsigned> numbers, RolloutRequest request = {}) {
    request.action = action;
    if (action == OrderAction::kReinstall) request.image = kImage;
    for (const unsigned number : numbers) {
      request.nodes.push_back(host(number));
      facts[host(number).name].has_port = true;
    }
    request.who = "anna at 127.0.0.1";
    request.why = "a test";
    const auto added = book.add(request, now());
    EXPECT_TRUE(added) << (added ? "" : added.error().message);
    if (!added) return 0;
    keep(added->effects);
    book.confirm(added->rollout);
    return added->rollout;
  }
  OrderRecord order_of(unsigned number) const {
    OrderRecord last;
    for (const auto& [id, row] : stored_orders) {
      if (row.mac == mac_of(number)) last = row;
    }
    return last;
  }
  std::string states(std::uint64_t rollout) const {
    std::string out;
    for (const OrderRecord& order : book.orders_of(rollout)) {
      out += concat(out.empty() ? "" : " ", to_string(order.state));
    }
    return out;
  }
  /// Everything from the switch on to the install and its end.
  void switch_power(unsigned number) {
    const std::uint64_t id = order_of(number).id;
    keep(book.power_ordered(id));
    keep(book.power_told(id, true, false, "port 7 is on", facts[host(number).name], now()));
  }
  std::uint64_t claim(unsigned number) {
    const auto* open = book.open_install(mac_of(number), now());
    EXPECT_NE(open, nullptr);
    if (open == nullptr) return 0;
    const auto claimed = book.claim(host(number), "reinstall", open->id, open->image, now());
    EXPECT_TRUE(claimed) << (claimed ? "" : claimed.error().message);
    if (!claimed) return 0;
    keep(claimed->effects);
    return claimed->install;
  }
  void finish(std::uint64_t install, std::string_view result, unsigned number) {
    const auto effects = book.finish(install, result, "download", "", facts[host(number).name], now());
    ASSERT_TRUE(effects) << effects.error().message;
    keep(*effects);
  }
  void be_well(unsigned number) {
    facts[host(number).name].is_up = true;
    ++facts[host(number).name].successes;
  }

  BookLimits limits;
  OrderBook book{limits};
  std::int64_t wall_ms = 1'700'000'000'000;
  SteadyTime steady{1h};
  std::map<std::string, NodeFacts> facts;
  std::map<std::uint64_t, RolloutRecord> stored_rollouts;
  std::map<std::uint64_t, OrderRecord> stored_orders;
  std::map<std::uint64_t, InstallRecord> stored_installs;
  std::map<MacAddress, CardRecord> stored_cards;
  std::vector<std::string> journal;
};

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
  EXPECT_TRUE(to_switch[0].forced) << "and no cooldown holds it back";
  EXPECT_NE(book.open_install(mac_of(2), now()), nullptr);
  const auto next = add(OrderAction::kRestart, {9});
  EXPECT_EQ(next, id + 1) << "numbers are not used twice";
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
          if (open != nullptr) {
            EXPECT_TRUE(stored_orders.contains(open->id));
            EXPECT_EQ(stored_orders.at(open->id).mac, mac_of(number));
          }
          const auto claimed = book.claim(host(number), open == nullptr ? "first" : "reinstall",
                                          open == nullptr ? 0 : open->id, kImage, now());
          if (!claimed) break;
          if (pick(8) == 0) {
            book.take_back_claim(claimed->install);
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
