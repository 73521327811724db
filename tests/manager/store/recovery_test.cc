// SPDX-License-Identifier: Apache-2.0
#include "manager/store/recovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/text.h"
#include "manager/store/inspect.h"
#include "manager/store/store.h"
#include "tests/manager/store/sample_leases.h"
#include "tests/manager/store/store_fixture.h"

namespace piman::manager {
namespace {

using test::make_lease;
using test::put_of;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::size_t kPage = 4096;

class RecoveryTest : public test::StoreFixture {
 protected:
  /// A store with leases, orders in every state, cards and a journal, closed.
  void fill(std::uint32_t leases) {
    const auto store = open();
    std::vector<netboot::dhcp::LeaseChange> changes;
    for (std::uint32_t i = 0; i < leases; ++i) changes.push_back(put_of(make_lease(i)));
    EXPECT_TRUE(commit(*store, std::move(changes)));
    OrderChanges rows;
    for (std::uint64_t i = 0; i < kOrderStateCount; ++i) {
      OrderRecord order;
      order.id = i + 1;
      order.mac = test::mac_of(static_cast<std::uint32_t>(i));
      order.node = concat("pi", i);
      order.action = OrderAction::kReinstall;
      order.state = static_cast<OrderState>(i);
      rows.orders.push_back(order);
    }
    const auto card = [](std::uint32_t number, CardRecord::State state) {
      return CardRecord{test::mac_of(number), state, true, 77, 88, "root", "1", std::string(64, 'a')};
    };
    rows.cards = {card(1, CardRecord::State::kNever), card(2, CardRecord::State::kInstalled),
                  card(3, CardRecord::State::kBroken)};
    EXPECT_TRUE(put_orders(*store, std::move(rows)));
    store->append({1, "phase", "pi1", "up"});
  }

  std::string bytes() const { return piman::test::read_file(path()); }
  std::string path() const { return settings.folder + "/piman.db"; }
  void put(const std::string& content) { tree.put("state/piman.db", content); }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(settings.folder)) {
      found.push_back(entry.path().filename().string());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  std::string set_aside() const {
    for (const std::string& name : names()) {
      if (name.starts_with("piman.db.corrupt-") && !name.ends_with("-wal") && !name.ends_with("-shm")) return name;
    }
    return {};
  }
  /// Everything but the lock, for another round.
  void put_alone(const std::string& content) {
    for (const std::string& name : names()) {
      if (name != "piman.lock") std::filesystem::remove(concat(settings.folder, '/', name));
    }
    put(content);
  }
  static std::vector<JournalEvent> events(Store& store) {
    const auto page = store.journal().read({0, 1000, {}, {}});
    return page ? page->events : std::vector<JournalEvent>();
  }
  static constexpr auto kIsOfStore = [](const JournalEvent& event) { return event.entry.kind == "store"; };
};

TEST_F(RecoveryTest, what_is_no_database_is_set_aside_and_said) {
  std::filesystem::create_directory(settings.folder);
  const std::string junk(5000, 'x');
  put(junk);
  const auto store = open();
  ASSERT_TRUE(store);
  EXPECT_EQ(piman::test::read_file(concat(settings.folder, '/', set_aside())), junk);
  EXPECT_THAT(logged, HasSubstr("the database was damaged"));
  EXPECT_THAT(logged, HasSubstr(set_aside()));
  const auto told = events(*store);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].entry.kind, "store");
  EXPECT_THAT(told[0].entry.text, HasSubstr("not a database"));
  EXPECT_THAT(told[0].entry.data, Contains(std::pair<std::string, std::string>("step", "set_aside")));
  ASSERT_TRUE(store->load());  // the first count is made before anything is answered
  EXPECT_EQ(store->stats().set_aside, 1U);
}

TEST_F(RecoveryTest, an_empty_file_is_damage) {
  std::filesystem::create_directory(settings.folder);
  put("");
  EXPECT_TRUE(open());
  EXPECT_THAT(logged, HasSubstr("it is empty"));
}

TEST_F(RecoveryTest, damaged_pages_are_found_and_what_can_be_read_of_leases_is_kept) {
  fill(2000);
  std::string content = bytes();
  ASSERT_GT(content.size(), 20 * kPage);
  // One page in the middle, which is a leaf of the table of leases: those at both ends can be read.
  std::size_t page = content.size() / kPage / 2;
  while (content[page * kPage] != '\x0D') ++page;
  content.replace(page * kPage, 64, 64, '\xAA');
  put(content);
  const auto store = open();
  ASSERT_TRUE(store);
  EXPECT_EQ(piman::test::read_file(concat(settings.folder, '/', set_aside())), content) << "it was changed";
  const auto leases = store->load();
  ASSERT_TRUE(leases);
  EXPECT_GT(leases->size(), 1000U);
  EXPECT_LT(leases->size(), 2000U);
  for (const auto& lease : *leases) EXPECT_EQ(lease, make_lease(lease.address.value() - 0x0A000000U));
}

TEST_F(RecoveryTest, no_order_comes_out_of_a_damaged_file_and_no_accepted_node) {
  fill(10);
  std::string content = bytes();
  content.replace(68, 4, "\x01\x02\x03\x04");  // whose database it is: all else can be read
  put(content);
  const auto store = open();
  ASSERT_TRUE(store);
  const auto orders = store->load_orders();
  ASSERT_TRUE(orders);
  EXPECT_THAT(orders->orders, IsEmpty());
  EXPECT_THAT(orders->rollouts, IsEmpty());
  EXPECT_THAT(orders->installs, IsEmpty());
  // A half-written card goes on being one, and nothing follows from it that formats.
  ASSERT_THAT(orders->cards, SizeIs(1));
  EXPECT_EQ(orders->cards[0].mac, test::mac_of(3));
  EXPECT_EQ(orders->cards[0].state, CardRecord::State::kBroken);
  EXPECT_EQ(orders->cards[0].accepted_ms, 0);
  EXPECT_THAT(*store->load(), SizeIs(10));
  const auto told = events(*store);
  EXPECT_THAT(told, SizeIs(5)) << "one of the file, and one of each order that was not over";
  EXPECT_TRUE(std::all_of(told.begin(), told.end(), kIsOfStore));
  EXPECT_EQ(told[1].entry.text, "an order that was open is forgotten: reinstall of pi0");
  EXPECT_THAT(logged, HasSubstr("reinstall of pi3"));
}

TEST_F(RecoveryTest, every_length_that_is_too_short_is_found) {
  fill(300);
  const std::string whole = bytes();
  ASSERT_GT(whole.size(), 10 * kPage);
  for (std::size_t size = 0; size < whole.size(); size += size < 200 ? 33 : 1777) {
    put_alone(whole.substr(0, size));
    logged.clear();
    const auto store = open();
    ASSERT_TRUE(store) << size;
    EXPECT_THAT(logged, HasSubstr("the database was damaged")) << size << " of " << whole.size();
  }
}

TEST_F(RecoveryTest, a_flipped_byte_of_the_header_is_harmless_or_found) {
  fill(50);
  const std::string whole = bytes();
  int found = 0;
  for (std::size_t at = 0; at < 100; ++at) {
    if (at >= 60 && at < 64) continue;  // the version of the schema; see below
    std::string content = whole;
    content[at] = static_cast<char>(content[at] ^ 0x55);
    put_alone(content);
    logged.clear();
    const auto store = open();
    ASSERT_TRUE(store) << "byte " << at;
    const auto leases = store->load();
    ASSERT_TRUE(leases) << "byte " << at;
    if (logged.empty()) {
      EXPECT_THAT(*leases, SizeIs(50)) << "byte " << at;
      EXPECT_THAT(store->load_orders()->orders, SizeIs(kOrderStateCount)) << "byte " << at;
      continue;
    }
    ++found;
    EXPECT_THAT(store->load_orders()->orders, IsEmpty()) << "byte " << at;
  }
  EXPECT_GT(found, 20);
}

TEST_F(RecoveryTest, a_text_encoding_that_is_none_is_found_before_it_stops_the_server_later) {
  fill(50);
  const std::string whole = bytes();
  ASSERT_EQ(whole.substr(56, 4), std::string("\0\0\0\1", 4));
  for (const char encoding : {'\0', '\2', '\3', '\4', '\x54', '\xFF'}) {
    std::string content = whole;
    content[59] = encoding;
    put_alone(content);
    logged.clear();
    const auto store = open();
    ASSERT_TRUE(store) << static_cast<int>(encoding);
    if (encoding != '\0') {
      EXPECT_THAT(logged, HasSubstr("the database was damaged")) << static_cast<int>(encoding);
    }
    const auto leases = store->load();
    ASSERT_TRUE(leases) << static_cast<int>(encoding);
  }
}

TEST_F(RecoveryTest, tables_that_are_not_those_of_their_version_are_damage) {
  for (const char* const change :
       {"PRAGMA user_version=0", "PRAGMA user_version=2", "PRAGMA user_version=-7", "PRAGMA user_version=88000001",
        "DROP TABLE cards", "ALTER TABLE boots ADD COLUMN more INTEGER", "DROP INDEX orders_of_rollout"}) {
    open().reset();
    {
      auto database = open_database(path());
      ASSERT_TRUE(database) << database.error().message;
      ASSERT_TRUE(database->run(change)) << change;
    }
    logged.clear();
    EXPECT_TRUE(open()) << change;
    EXPECT_THAT(logged, HasSubstr("the database was damaged")) << change;
    std::filesystem::remove_all(settings.folder);
  }
  // What somebody added is no damage.
  open().reset();
  {
    auto database = open_database(path());
    ASSERT_TRUE(database->run("CREATE TABLE mine (x); CREATE INDEX mine_too ON boots (started_ms)"));
  }
  logged.clear();
  EXPECT_TRUE(open());
  EXPECT_EQ(logged, "");
}

TEST_F(RecoveryTest, an_index_that_lacks_rows_is_damage) {
  fill(10);
  const std::string whole = bytes();
  auto database = Database::open(path(), Database::Mode::kExisting);
  ASSERT_TRUE(database);
  const auto page = database->number("SELECT rootpage FROM sqlite_schema WHERE name = 'orders_of_rollout'");
  database = fail("closed");
  std::string content = whole;
  // The number of cells on its page, from eight to five.
  const std::size_t cells = (static_cast<std::size_t>(*page) - 1) * kPage + 4;
  ASSERT_EQ(content[cells], 8);
  content[cells] = 5;
  put(content);
  EXPECT_TRUE(open());
  EXPECT_THAT(logged, HasSubstr("the database was damaged"));
}

TEST_F(RecoveryTest, ids_of_events_go_on_beyond_those_of_the_lost_journal) {
  fill(1);
  const std::uint64_t before = open()->journal().last_id();
  put("no database");
  EXPECT_GT(open()->journal().last_id(), before + 1'000'000);
}

TEST_F(RecoveryTest, ids_of_events_go_on_after_one_loss_soon_after_another) {
  std::uint64_t last = 0;
  for (int round = 0; round < 4; ++round) {
    for (int start = 0; start < 3; ++start) {  // each start leaves a gap
      const auto store = open();
      ASSERT_TRUE(store);
      store->append({1, "phase", "pi1", "up"});
      EXPECT_GT(store->journal().last_id(), last) << "round " << round;
      last = store->journal().last_id();
      // A gap is what the clock counts in 10 ms: the least that a program takes to end and to start again.
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    put_alone("no database");
  }
  EXPECT_LT(last, 1ULL << 53U) << "more than JavaScript can count";
}

TEST_F(RecoveryTest, a_crash_between_any_two_steps_loses_nothing) {
  fill(20);
  std::string content = bytes();
  content.replace(68, 4, "\x01\x02\x03\x04");
  // As it is after the database was set aside, and its journal was not: the new one is ready beside it.
  put(content);
  const auto recovery = replace_damaged(path(), "a test", WallTime(std::chrono::seconds(1'700'000'000)));
  ASSERT_TRUE(recovery) << recovery.error().message;
  EXPECT_EQ(recovery->set_aside, path() + ".corrupt-20231114T221320Z");
  std::filesystem::rename(path(), path() + ".new");
  for (const char* const suffix : {"-wal", "-shm"}) std::filesystem::remove(recovery->set_aside + suffix);
  tree.put("state/piman.db-wal", "frames of the damaged one");
  const auto store = open();
  ASSERT_TRUE(store);
  EXPECT_THAT(*store->load(), SizeIs(20)) << "what was taken over is gone";
  EXPECT_EQ(piman::test::read_file(recovery->set_aside + "-wal"), "frames of the damaged one");
  EXPECT_EQ(piman::test::read_file(recovery->set_aside), content);
}

TEST_F(RecoveryTest, a_half_made_new_one_is_made_again) {
  std::filesystem::create_directory(settings.folder);
  put("damaged");
  tree.put("state/piman.db.new", "half made");
  EXPECT_TRUE(open());
  EXPECT_FALSE(std::filesystem::exists(path() + ".new"));
}

TEST_F(RecoveryTest, two_in_one_second_have_two_names_and_a_disk_that_keeps_nothing_is_not_filled) {
  std::filesystem::create_directory(settings.folder);
  for (std::size_t i = 0; i < kMostSetAside; ++i) {
    put(concat("damaged ", i));
    EXPECT_TRUE(open());
    EXPECT_EQ(count_set_aside(path()), i + 1);
  }
  put("once more");
  EXPECT_THAT(refusal(), HasSubstr("this disk does not keep what is written to it"));
  EXPECT_EQ(bytes(), "once more");
}

TEST_F(RecoveryTest, what_is_no_damage_is_left_alone) {
  std::filesystem::create_directory(settings.folder);
  {
    auto foreign = Database::open(path(), Database::Mode::kCreate);
    ASSERT_TRUE(foreign->run("CREATE TABLE cookies (name TEXT); PRAGMA user_version=1"));
  }
  EXPECT_THAT(refusal(), HasSubstr("database of another program"));
  EXPECT_EQ(set_aside(), "");
  std::filesystem::remove(path());
  std::filesystem::create_directory(path());
  EXPECT_THAT(refusal(), HasSubstr(path()));
  EXPECT_EQ(set_aside(), "");
}

}  // namespace
}  // namespace piman::manager
