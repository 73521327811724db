// SPDX-License-Identifier: Apache-2.0
#include "manager/store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/text.h"
#include "manager/store/inspect.h"
#include "manager/store/schema.h"
#include "tests/manager/store/sample_leases.h"
#include "tests/manager/store/store_fixture.h"

namespace piman::manager {
namespace {

using test::erase_of;
using test::make_lease;
using test::put_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAreArray;
using namespace std::chrono_literals;

class StoreTest : public test::StoreFixture {
 protected:
  StoreTest() {
    settings.journal_delay = 10ms;
    settings.journal.longest_age = 24h * 365 * 100;  // times in these tests are small numbers
  }
};

TEST_F(StoreTest, gives_back_what_was_committed) {
  auto forever = make_lease(7);
  forever.expires.reset();
  forever.client_id = {1, 0, 255};
  forever.hostname = "pi7";
  auto declined = make_lease(8);
  declined.state = netboot::dhcp::LeaseState::kDeclined;
  declined.mac = MacAddress();
  auto highest = make_lease(9);
  highest.address = Ipv4Address(0xFFFFFFFF);
  {
    const auto store = open();
    EXPECT_THAT(*store->load(), IsEmpty());
    EXPECT_TRUE(commit(*store, {put_of(forever), put_of(declined), put_of(highest)}));
  }
  EXPECT_THAT(*open()->load(), UnorderedElementsAreArray({forever, declined, highest}));
}

TEST_F(StoreTest, times_that_no_clock_can_hold_end_up_at_the_limits) {
  open().reset();
  {
    auto database = open_database(settings.folder + "/piman.db");
    ASSERT_TRUE(database->run(
        "INSERT INTO leases VALUES (167772167, x'020000000007', x'', 1, 9223372036854775807, "
        "-9223372036854775808, '');"
        "INSERT INTO boots (mac, started_ms, data) VALUES (x'020000000007', 9223372036854775807, x'');"
        "INSERT INTO rollouts VALUES (1, 1, 3, 0, 1, 1, -9223372036854775808, 9223372036854775807, '', '', '')"));
  }
  const auto store = open();
  const auto leases = store->load();
  ASSERT_THAT(*leases, SizeIs(1));
  EXPECT_EQ(leases->front().since, WallTime());
  EXPECT_GT(*leases->front().expires, WallTime() + 24h * 365 * 100);
  // And so they can be subtracted.
  EXPECT_GT(*leases->front().expires - leases->front().since, 24h);
  const auto boots = store->load_boots();
  ASSERT_THAT(*boots, SizeIs(1));
  EXPECT_EQ(boots->front().started_ms, 4'000'000'000'000);
  const auto orders = store->load_orders();
  ASSERT_THAT(orders->rollouts, SizeIs(1));
  EXPECT_EQ(orders->rollouts.front().created_ms, 0);
  EXPECT_EQ(orders->rollouts.front().ended_ms, 4'000'000'000'000);
}

TEST_F(StoreTest, the_last_change_of_an_address_counts) {
  auto first = make_lease(1);
  auto second = make_lease(1);
  second.hostname = "later";
  const auto store = open();
  EXPECT_TRUE(commit(*store, {put_of(first), put_of(second), put_of(make_lease(2)), erase_of(make_lease(2))}));
  EXPECT_THAT(*store->load(), ElementsAre(second));
  EXPECT_TRUE(commit(*store, {erase_of(second)}));
  EXPECT_TRUE(commit(*store, {}));
  EXPECT_THAT(*store->load(), IsEmpty());
}

TEST_F(StoreTest, calls_back_for_everything_that_waits_when_it_goes) {
  int called = 0;
  {
    const auto store = open();
    for (std::uint32_t i = 0; i < 100; ++i) {
      store->commit({put_of(make_lease(i))}, [&called](const Result<void>& outcome) { called += outcome ? 1 : 1000; });
    }
  }
  EXPECT_EQ(called, 100);
  EXPECT_THAT(*open()->load(), SizeIs(100));
}

TEST_F(StoreTest, counts_leases_by_state) {
  const WallTime now = std::chrono::system_clock::now();
  auto expired = make_lease(1);
  expired.expires = now - 1h;
  auto bound = make_lease(2);
  bound.expires = now + 1h;
  auto released = make_lease(3);
  released.state = netboot::dhcp::LeaseState::kReleased;
  auto declined = make_lease(4);
  declined.state = netboot::dhcp::LeaseState::kDeclined;
  declined.expires = now + 1h;
  {
    const auto store = open();
    ASSERT_TRUE(commit(*store, {put_of(expired), put_of(bound), put_of(released), put_of(declined)}));
    EXPECT_EQ(store->stats().lease_changes, 4U);
    EXPECT_EQ(store->stats().commits, 1U);
  }
  const auto store = open();
  ASSERT_TRUE(store->load());  // the first count is made before anything is answered
  const LeaseCounts counts = store->stats().leases;
  EXPECT_EQ(counts.bound, 1U);
  EXPECT_EQ(counts.expired, 1U);
  EXPECT_EQ(counts.released, 1U);
  EXPECT_EQ(counts.declined, 1U);
}

TEST_F(StoreTest, keeps_pending_hosts_and_forgets_those_accepted) {
  PendingHost known;
  known.mac = test::mac_of(1);
  known.model = "pi4";
  known.serial = 0xFFFFFFFF;
  known.revision = 0xd03114;
  known.first_seen = known.last_seen = WallTime(1'700'000'000s);
  known.messages = 5;
  known.interface = "eth0";
  known.address = Ipv4Address(0x0A000005);
  PendingHost other = known;
  other.mac = test::mac_of(2);
  other.serial.reset();
  other.revision.reset();
  {
    const auto store = open();
    store->put_pending(known);
    store->put_pending(other);
    EXPECT_THAT(*store->load_pending(), ElementsAre(known, other));
    store->erase_pending(other.mac);
    known.messages = 6;
    store->put_pending(known);
  }
  EXPECT_THAT(*open()->load_pending(), ElementsAre(known));
}

TEST_F(StoreTest, keeps_the_last_boots_of_a_host) {
  settings.boots_per_host = 3;
  {
    const auto store = open();
    for (std::int64_t at = 1; at <= 5; ++at) store->put_boot({test::mac_of(1), at, {1, 2, 3}});
    store->put_boot({test::mac_of(2), 1, {}});
  }
  const auto store = open();
  store->put_boot({test::mac_of(1), 5, {9}});  // the same boot, later
  const auto boots = store->load_boots();
  ASSERT_TRUE(boots);
  std::vector<std::int64_t> started;
  for (const BootRecord& boot : *boots) {
    if (boot.mac == test::mac_of(1)) started.push_back(boot.started_ms);
  }
  EXPECT_THAT(started, ElementsAre(3, 4, 5));
  EXPECT_THAT(*boots, SizeIs(4));
  EXPECT_THAT(boots->back().data, ElementsAre(9));
}

TEST_F(StoreTest, bounds_the_boots_and_the_journal_of_all) {
  settings.most_boots = 10;
  settings.journal.most_entries = 10;
  {
    const auto store = open();
    for (std::uint32_t i = 0; i < 50; ++i) {
      store->put_boot({test::mac_of(i), i, {}});
      store->append({i, "boot", "pi", concat("text ", i)});
    }
  }
  const auto store = open();
  EXPECT_THAT(*store->load_boots(), SizeIs(10));
  EXPECT_EQ(store->load_boots()->back().started_ms, 49);
  JournalQuery query;
  query.most = 1000;
  auto journal = store->journal().read(query);
  ASSERT_THAT(journal->events, SizeIs(10));
  EXPECT_EQ(journal->events.back(), (JournalEvent{50, {49, "boot", "pi", "text 49"}}));
  query.most = 2;
  journal = store->journal().read(query);
  EXPECT_THAT(journal->events, SizeIs(2));
}

TEST_F(StoreTest, late_writes_come_by_themselves) {
  const auto store = open();
  store->append({1, "boot", "pi1", "text"});
  // Another process sees it without anybody asking this one.
  for (int i = 0; i < 500; ++i) {
    auto other = open_database(settings.folder + "/piman.db");
    ASSERT_TRUE(other) << other.error().message;
    if (*other->number("SELECT count(*) FROM journal") == 1) return;
    std::this_thread::sleep_for(10ms);
  }
  FAIL() << "never stored";
}

TEST_F(StoreTest, drops_and_counts_what_finds_the_queue_full) {
  settings.journal_delay = 1h;
  const auto store = open();
  for (std::uint32_t i = 0; i < 5000; ++i) {
    store->append({i, "boot", "pi", ""});
    store->put_boot({test::mac_of(i), 1, {}});
    PendingHost host;
    host.mac = test::mac_of(i);
    store->put_pending(host);
  }
  EXPECT_EQ(store->stats().dropped, 3U * (5000 - 4096));
}

TEST_F(StoreTest, a_second_manager_is_refused) {
  const auto store = open();
  EXPECT_EQ(refusal(), concat("the store ", settings.folder, " is in use by another piman"));
}

TEST_F(StoreTest, refuses_the_database_of_another_program) {
  std::filesystem::create_directory(settings.folder);
  {
    auto foreign = Database::open(settings.folder + "/piman.db", Database::Mode::kCreate);
    ASSERT_TRUE(foreign->run("CREATE TABLE cookies (name TEXT); PRAGMA user_version=1"));
  }
  EXPECT_THAT(refusal(), HasSubstr("database of another program"));
}

TEST_F(StoreTest, refuses_the_schema_of_a_newer_piman) {
  open().reset();
  {
    auto database = open_database(settings.folder + "/piman.db");
    ASSERT_TRUE(database->run("PRAGMA user_version=99"));
  }
  EXPECT_THAT(refusal(),
              HasSubstr(concat("made by a newer piman: its schema is 99, this program knows ", schema_steps().size())));
}

TEST_F(StoreTest, refuses_to_begin_anew_beside_the_journal_of_a_lost_database) {
  tree.put("state/piman.db-wal", "leases of an hour");
  EXPECT_THAT(refusal(), HasSubstr("is missing, but its journal"));
}

TEST_F(StoreTest, a_half_made_database_is_made_again) {
  tree.put("state/piman.db.new", "a crash came here");
  EXPECT_NE(open(), nullptr);
  EXPECT_FALSE(std::filesystem::exists(tree.path("state/piman.db.new")));
}

TEST_F(StoreTest, says_where_it_may_not_write) {
  settings.folder = "/nonexistent/state";
  EXPECT_EQ(refusal(), "making the store's folder /nonexistent/state: No such file or directory");
}

TEST(Schema, takes_the_steps_that_a_file_lacks_and_all_or_none_of_them) {
  const piman::test::TempTree tree;
  auto database = Database::open(tree.path("db"), Database::Mode::kCreate);
  ASSERT_TRUE(database) << database.error().message;
  constexpr std::array kOne = {"CREATE TABLE a (x INTEGER)"};
  constexpr std::array kThree = {"CREATE TABLE a (x INTEGER)", "CREATE TABLE b (x INTEGER)",
                                 "INSERT INTO b VALUES (5)"};
  constexpr std::array kBroken = {"CREATE TABLE a (x INTEGER)", "CREATE TABLE b (x INTEGER)",
                                  "INSERT INTO none VALUES (5)"};
  ASSERT_TRUE(take_steps(*database, kOne));
  EXPECT_FALSE(take_steps(*database, kBroken));
  EXPECT_EQ(*database->number("PRAGMA user_version"), 1);
  EXPECT_EQ(*database->number("SELECT count(*) FROM sqlite_schema"), 1);
  ASSERT_TRUE(take_steps(*database, kThree));
  EXPECT_EQ(*database->number("PRAGMA user_version"), 3);
  EXPECT_EQ(*database->number("SELECT x FROM b"), 5);
  EXPECT_FALSE(take_steps(*database, kOne));
}

}  // namespace
}  // namespace piman::manager
