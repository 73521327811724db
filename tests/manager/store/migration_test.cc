// SPDX-License-Identifier: Apache-2.0
// Databases of every earlier version, opened by this one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/sha256.h"
#include "common/text.h"
#include "manager/store/inspect.h"
#include "manager/store/schema.h"
#include "manager/store/store.h"
#include "tests/manager/store/sample_leases.h"
#include "tests/manager/store/store_fixture.h"

namespace piman::manager {
namespace {

using ::testing::SizeIs;

/// Of each step that was released. A step that changes leaves the stores in the field without the change: add one.
constexpr std::array kReleased = {"dc5686e3d1c36e3139f987a04b837e2adaf2a160a1c429d16abc47448943dc7d",
                                  "f680209e6f2bbef4ae92f386b06352fbe97467988d7d4387829a93772e386b39",
                                  "f8b8fe4c0cda7529e863f58da268a6182e605e65a1d856105cced89704215ef3",
                                  "4883a3dd751167e20ac64fcbe0145babbdb88536938cb2d74409a1996c93b107"};

/// What each version has beside the one before it, as its program wrote it.
constexpr std::array kRows = {
    R"(INSERT INTO leases VALUES (167772167, x'B827EB000007', x'0100FF', 1, NULL, 1700000000, 'pi7');
       INSERT INTO leases VALUES (167772168, x'000000000000', x'', 3, 1700003600, 1700000000, '');
       INSERT INTO pending_hosts VALUES (x'B827EB000001', 'pi4', 4294967295, 13644052, 1700000000, 1700000001, 5, 'eth0', 0);
       INSERT INTO boots (mac, started_ms, data) VALUES (x'B827EB000007', 1700000000123, x'010203');
       INSERT INTO journal (id, at_ms, kind, subject, text) VALUES (41, 1700000000000, 'boot', 'pi7', 'of version 1');)",
    R"(INSERT INTO rollouts VALUES (3, 0, 0, 1, 2, 3, 1000, 0, 'anna', 'why', '');
       INSERT INTO orders VALUES (7, 3, x'B827EB000007', 'pi7', 0, 1, 2, 1, 2, 10, 20, 15, 'raspios', '1', 'tar.gz', 'aa', '/i',
                                  1099511627776, 'anna', 'why', 'in words');
       INSERT INTO installs VALUES (9, 7, x'B827EB000007', 'pi7', 'reinstall', 'raspios', '1', 'aa', 100, 0, '', '', '');
       INSERT INTO cards VALUES (x'B827EB000007', 2, 1, 5, 6, 'raspios', '1', 'aa');)",
    R"(INSERT INTO alerts VALUES ('pi7', 'down', 1, 2, 0, 1.5, 2.5, 'no answer', 1);
       INSERT INTO notices VALUES (4, 0, 3, 5, 'pi7', 'down', 1, 2, 0, 1.5, 2.5, 'no answer', 1);
       INSERT INTO silences VALUES (2, 'pi7 pi8', '', 1, 99, 'anna', 'why');
       INSERT INTO node_boots VALUES ('pi7', 12345);)",
    R"(INSERT INTO journal (id, at_ms, kind, subject, text, data)
         VALUES (42, 1700000000000, 'order', 'pi7', 'of version 4', 'who' || char(31) || 'anna' || char(30));)"};
static_assert(kRows.size() == kReleased.size());

class MigrationTest : public test::StoreFixture {
 protected:
  MigrationTest() {
    settings.journal.longest_age = std::chrono::hours(24 * 365 * 100);
    std::filesystem::create_directory(settings.folder);
  }
  std::string path() const { return settings.folder + "/piman.db"; }

  void make(std::size_t version) const {
    for (const char* const more : {"", "-wal", "-shm"}) std::filesystem::remove(path() + more);
    auto database = Database::open(path(), Database::Mode::kCreate);
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->run(concat("PRAGMA application_id=", kApplicationId).c_str()));
    ASSERT_TRUE(take_steps(*database, schema_steps().first(version)));
    ASSERT_TRUE(database->run("PRAGMA journal_mode=WAL"));
    for (std::size_t i = 0; i < version; ++i) {
      const auto put = database->run(kRows.at(i));
      ASSERT_TRUE(put) << put.error().message;
    }
  }
};

TEST_F(MigrationTest, steps_that_were_released_never_change) {
  ASSERT_THAT(schema_steps(), SizeIs(kReleased.size())) << "a new step needs rows here, and its sum";
  for (std::size_t i = 0; i < kReleased.size(); ++i) {
    EXPECT_EQ(to_hex(sha256(schema_steps()[i])), kReleased.at(i)) << "step " << i;
  }
}

TEST_F(MigrationTest, every_earlier_version_is_read_wholly) {
  for (std::size_t version = 1; version <= kRows.size(); ++version) {
    SCOPED_TRACE(concat("version ", version));
    make(version);
    for (int again = 0; again < 2; ++again) {  // and once more, as it then is
      auto opened = Store::open(settings, log);
      ASSERT_TRUE(opened) << opened.error().message;
      Store& store = **opened;
      EXPECT_EQ(logged, "");
      const auto leases = store.load();
      ASSERT_TRUE(leases);
      ASSERT_THAT(*leases, SizeIs(2));
      EXPECT_EQ((*leases)[0].hostname, "pi7");
      EXPECT_FALSE((*leases)[0].expires);
      EXPECT_EQ((*leases)[1].state, netboot::dhcp::LeaseState::kDeclined);
      EXPECT_THAT(*store.load_pending(), SizeIs(1));
      EXPECT_THAT(*store.load_boots(), SizeIs(1));
      const auto events = store.journal().read({0, 10, {}, {}});
      ASSERT_TRUE(events);
      ASSERT_THAT(events->events, SizeIs(version < 4 ? 1 : 2));
      EXPECT_EQ(events->events[0].entry, (JournalEntry{1'700'000'000'000, "boot", "pi7", "of version 1", {}}));
      if (version >= 4) {
        EXPECT_EQ(events->events[1].entry.data[0].second, "anna");
      }
      const auto orders = store.load_orders();
      ASSERT_TRUE(orders);
      const std::size_t of_orders = version < 2 ? 0 : 1;
      ASSERT_THAT(orders->orders, SizeIs(of_orders));
      EXPECT_THAT(orders->rollouts, SizeIs(of_orders));
      EXPECT_THAT(orders->installs, SizeIs(of_orders));
      ASSERT_THAT(orders->cards, SizeIs(of_orders));
      if (version >= 2) {
        EXPECT_EQ(orders->orders[0].image.size_bytes, 1UL << 40U);
        EXPECT_EQ(orders->cards[0].state, CardRecord::State::kBroken);
      }
      const auto watched = store.load_watch();
      ASSERT_TRUE(watched);
      const std::size_t of_watch = version < 3 ? 0 : 1;
      EXPECT_THAT(watched->alerts, SizeIs(of_watch));
      EXPECT_THAT(watched->notices, SizeIs(of_watch));
      EXPECT_THAT(watched->silences, SizeIs(of_watch));
      EXPECT_THAT(watched->boots, SizeIs(of_watch));
    }
    EXPECT_EQ(*open_database(path())->number("PRAGMA user_version"), static_cast<std::int64_t>(kRows.size()));
  }
}

TEST_F(MigrationTest, killed_in_the_middle_it_is_of_the_old_version_or_of_the_new_one) {
  make(1);
  {
    auto database = Database::open(path(), Database::Mode::kExisting);
    ASSERT_TRUE(database);
    ASSERT_TRUE(
        database->run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO "
                      "journal (id, at_ms, kind, subject, text) SELECT i + 100, i, 'boot', 'pi', 'text' FROM n"));
  }
  const std::string old = piman::test::read_file(path());
  int undone = 0, done = 0;
  for (int round = 0; round < 30 || (done == 0 && round < 200); ++round) {  // slower machines take longer
    tree.put("state/piman.db", old);
    for (const char* const more : {"-wal", "-shm"}) std::filesystem::remove(path() + more);
    const ::pid_t child = ::fork();
    if (child == 0) {
      ::alarm(60);
      ::_exit(open_database(path()) ? 0 : 1);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2 * round));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    {
      auto raw = Database::open(path(), Database::Mode::kExisting);
      ASSERT_TRUE(raw);
      const auto version = raw->number("PRAGMA user_version");
      ASSERT_TRUE(version) << version.error().message;
      EXPECT_TRUE(*version == 1 || *version == static_cast<std::int64_t>(kRows.size())) << *version;
      ++(*version == 1 ? undone : done);
    }
    auto database = open_database(path());
    ASSERT_TRUE(database) << database.error().message;
    EXPECT_EQ(*database->number("SELECT count(*) FROM journal"), 3001);
  }
  EXPECT_GT(undone, 0);
  EXPECT_GT(done, 0);
}

}  // namespace
}  // namespace piman::manager
