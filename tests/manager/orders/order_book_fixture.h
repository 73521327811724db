// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/text.h"
#include "manager/orders/order_book.h"

namespace piman::manager::test {

inline MacAddress mac_of(unsigned number) {
  return MacAddress({0xb8, 0x27, 0xeb, 0, static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number)});
}

inline Host host(unsigned number) { return {concat("pi", number), Ipv4Address(0x0a000000U + number), mac_of(number)}; }

inline const OrderImage kImage = {"raspios", "1", "tar.gz", std::string(64, 'a'), "/images/a", 1000};

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
    for (const auto& line : effects.journal) {
      journal.push_back(concat(line.kind, ' ', line.subject, ": ", line.text));
      data.emplace_back(line.data.begin(), line.data.end());
    }
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
  void finish(std::uint64_t install, std::string_view result, unsigned number, bool was_told = true) {
    const auto effects = book.finish(install, result, "download", "", was_told, facts[host(number).name], now());
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
  SteadyTime steady{std::chrono::hours{1}};
  std::map<std::string, NodeFacts> facts;
  std::map<std::uint64_t, RolloutRecord> stored_rollouts;
  std::map<std::uint64_t, OrderRecord> stored_orders;
  std::map<std::uint64_t, InstallRecord> stored_installs;
  std::map<MacAddress, CardRecord> stored_cards;
  std::vector<std::string> journal;
  std::vector<std::map<std::string, std::string>> data;  ///< of the lines of the journal
};

}  // namespace piman::manager::test
