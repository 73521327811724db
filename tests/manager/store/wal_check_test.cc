// SPDX-License-Identifier: Apache-2.0
#include "manager/store/wal_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "common/text.h"
#include "manager/store/database.h"
#include "manager/store/store.h"
#include "tests/manager/store/sample_leases.h"
#include "tests/support/temp_tree.h"

namespace piman::manager {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::size_t kFrame = 24 + 4096;

/// The journal of a database with ten transactions of one row each, as SQLite writes it.
std::string sample_wal(const piman::test::TempTree& tree) {
  auto database = Database::open(tree.path("db"), Database::Mode::kCreate);
  EXPECT_TRUE(database);
  EXPECT_TRUE(database->run("PRAGMA journal_mode=WAL; CREATE TABLE t (x)"));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(database->run("INSERT INTO t VALUES (randomblob(100))"));
  return piman::test::read_file(tree.path("db-wal"));
}

TEST(WalCheck, whole_and_cut_journals_have_lost_nothing_that_can_be_known) {
  const piman::test::TempTree tree;
  const std::string wal = sample_wal(tree);
  ASSERT_GT(wal.size(), 32 + 10 * kFrame);
  EXPECT_FALSE(has_lost_transactions(wal));
  EXPECT_FALSE(has_lost_transactions(""));
  for (std::size_t size = 0; size < wal.size(); size += 509) EXPECT_FALSE(has_lost_transactions(wal.substr(0, size)));
}

TEST(WalCheck, a_torn_last_transaction_is_a_power_cut_and_an_earlier_one_is_damage) {
  const piman::test::TempTree tree;
  const std::string wal = sample_wal(tree);
  const std::size_t frames = (wal.size() - 32) / kFrame;
  for (std::size_t frame = 0; frame < frames; ++frame) {
    for (const std::size_t at : {std::size_t{0}, std::size_t{20}, std::size_t{24}, std::size_t{2000}}) {
      std::string spoilt = wal;
      spoilt[32 + frame * kFrame + at] = static_cast<char>(spoilt[32 + frame * kFrame + at] ^ 0x40);
      EXPECT_EQ(has_lost_transactions(spoilt), frame + 1 < frames) << "frame " << frame << " byte " << at;
    }
  }
  for (std::size_t at = 0; at < 32; ++at) {
    std::string spoilt = wal;
    spoilt[at] = static_cast<char>(spoilt[at] ^ 0x40);
    EXPECT_TRUE(has_lost_transactions(spoilt)) << "byte " << at << " of the header";
  }
}

TEST(WalCheck, frames_of_an_earlier_round_are_no_loss) {
  const piman::test::TempTree tree;
  auto database = Database::open(tree.path("db"), Database::Mode::kCreate);
  ASSERT_TRUE(database->run("PRAGMA journal_mode=WAL; CREATE TABLE t (x)"));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(database->run("INSERT INTO t VALUES (randomblob(100))"));
  ASSERT_TRUE(database->run("PRAGMA wal_checkpoint(RESTART); INSERT INTO t VALUES (1)"));
  const std::string wal = piman::test::read_file(tree.path("db-wal"));
  ASSERT_GT(wal.size(), 32 + 10 * kFrame);
  EXPECT_FALSE(has_lost_transactions(wal));
}

TEST(WalCheck, open_orders_are_withdrawn_when_the_last_changes_are_lost) {
  const piman::test::TempTree tree;
  StoreSettings settings;
  settings.folder = tree.path("state");
  std::string logged;
  Logger log{LogLevel::kWarn, LogFormat::kLogfmt, [&logged](std::string_view line) { logged += line; }};
  const auto put = [](Store& store, OrderState state) {
    OrderChanges changes;
    OrderRecord order;
    order.id = 1;
    order.mac = test::mac_of(1);
    order.node = "pi1";
    order.action = OrderAction::kReinstall;
    order.state = state;
    changes.orders.push_back(order);
    std::promise<void> stored;
    store.put_orders(std::move(changes), [&](const Result<void>&) { stored.set_value(); });
    stored.get_future().wait();
  };
  {
    auto store = Store::open(settings, log);
    ASSERT_TRUE(store) << store.error().message;
    put(**store, OrderState::kOpen);
    (*store).reset();
    store = Store::open(settings, log);  // what is above is in the database now, what is below in its journal
    put(**store, OrderState::kInstalling);
    put(**store, OrderState::kChecking);
    put(**store, OrderState::kDone);
    // As kill -9 leaves it.
    for (const char* const name : {"/piman.db", "/piman.db-wal"}) {
      tree.put(concat("killed", name), piman::test::read_file(settings.folder + name));
    }
  }
  settings.folder = tree.path("killed");
  std::string wal = piman::test::read_file(settings.folder + "/piman.db-wal");
  wal[100] = static_cast<char>(wal[100] ^ 1);
  tree.put("killed/piman.db-wal", wal);
  const auto store = Store::open(settings, log);
  ASSERT_TRUE(store) << store.error().message;
  const auto orders = (*store)->load_orders();
  ASSERT_TRUE(orders);
  ASSERT_THAT(orders->orders, SizeIs(1));
  EXPECT_EQ(orders->orders[0].state, OrderState::kWithdrawn) << "it was done, and would be done again";
  EXPECT_THAT(logged, HasSubstr("its last changes are lost"));
  const auto events = (*store)->journal().read({0, 10, {"store"}, {}});
  ASSERT_TRUE(events);
  EXPECT_THAT(events->events, SizeIs(1));
}

}  // namespace
}  // namespace piman::manager
