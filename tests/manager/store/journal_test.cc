// SPDX-License-Identifier: Apache-2.0
#include "manager/store/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/text.h"
#include "manager/store/inspect.h"
#include "manager/store/store.h"
#include "tests/manager/store/store_fixture.h"

namespace piman::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

JournalEntry entry(int number, std::string kind = "phase", std::string node = "pi1") {
  return {now_ms(), std::move(kind), std::move(node), concat(number), {}};
}

JournalQuery newest(std::size_t most) {
  JournalQuery query;
  query.most = most;
  return query;
}
JournalQuery since(std::uint64_t id, std::size_t most = 1000) {
  JournalQuery query;
  query.since = id;
  query.most = most;
  return query;
}

std::vector<std::string> texts(const Result<JournalPage>& page) {
  if (!page) return {page.error().message};
  std::vector<std::string> out;
  for (const JournalEvent& event : page->events) out.push_back(event.entry.text);
  return out;
}

TEST(Journal, gives_ids_and_what_came_after_one) {
  Journal journal({}, 0, nullptr);
  EXPECT_THAT(texts(journal.read(newest(10))), IsEmpty());
  for (int i = 1; i <= 5; ++i) journal.append(entry(i));
  EXPECT_EQ(journal.last_id(), 5U);
  EXPECT_THAT(texts(journal.read(newest(2))), ElementsAre("4", "5"));
  EXPECT_THAT(texts(journal.read(since(0))), ElementsAre("1", "2", "3", "4", "5"));
  const auto cut = journal.read(since(1, 2));
  EXPECT_THAT(texts(cut), ElementsAre("2", "3"));
  EXPECT_EQ(cut->next, 3U);
  EXPECT_EQ(cut->last, 5U);
  const auto end = journal.read(since(5));
  EXPECT_THAT(texts(end), IsEmpty());
  EXPECT_EQ(end->next, 5U);
  EXPECT_THAT(texts(journal.read(since(77))), SizeIs(5)) << "an id of another journal: this one from its beginning";
}

TEST(Journal, filters_by_kind_and_node) {
  Journal journal({}, 0, nullptr);
  journal.append(entry(1, "phase", "pi1"));
  journal.append(entry(2, "boot", "pi1"));
  journal.append(entry(3, "phase", "pi2"));
  journal.append(entry(4, "power", "pi3"));
  auto query = since(0);
  query.kinds = {"phase"};
  EXPECT_THAT(texts(journal.read(query)), ElementsAre("1", "3"));
  query.subjects = {"pi2", "pi3"};
  EXPECT_THAT(texts(journal.read(query)), ElementsAre("3"));
  query.kinds = {"phase", "power"};
  EXPECT_THAT(texts(journal.read(query)), ElementsAre("3", "4"));
  query.since.reset();
  query.most = 1;
  EXPECT_THAT(texts(journal.read(query)), ElementsAre("4"));
  query.kinds = {"no such"};
  const auto none = journal.read(query);
  EXPECT_THAT(texts(none), IsEmpty());
  EXPECT_EQ(none->next, 4U) << "nobody needs to look at them again";
}

TEST(Journal, is_bounded_in_number_age_and_length) {
  JournalSettings settings;
  settings.most_in_memory = 3;
  settings.longest_age = 1h;
  Journal journal(settings, 0, nullptr);
  for (int i = 1; i <= 9; ++i) journal.append(entry(i));
  EXPECT_THAT(texts(journal.read(since(0))), ElementsAre("7", "8", "9"));
  auto late = entry(10);
  late.at_ms += 2 * 3'600'000;
  journal.append(late);
  EXPECT_THAT(texts(journal.read(since(0))), ElementsAre("10"));

  JournalEntry large = entry(11);
  large.text = std::string(999, 'x') + "\xc3\xa4" + std::string(5000, 'y');
  large.subject.assign(5000, 's');
  large.data.assign(100, {"key", std::string(5000, 'v')});
  journal.append(large);
  const auto page = journal.read(newest(1));
  const JournalEntry& kept = page->events.at(0).entry;
  EXPECT_EQ(kept.text, std::string(999, 'x')) << "not in the middle of a character";
  EXPECT_EQ(kept.subject.size(), 128U);
  EXPECT_THAT(kept.data, SizeIs(16));
  EXPECT_EQ(kept.data[0].second.size(), 1000U);
}

TEST(Journal, wakes_who_waits) {
  Journal journal({}, 100, nullptr);
  EXPECT_FALSE(journal.wait_beyond(100, 1ms));
  EXPECT_TRUE(journal.wait_beyond(99, 1ms));
  std::atomic<bool> woken = false;
  std::jthread waits([&] { woken = journal.wait_beyond(100, 30s); });
  journal.append(entry(1));
  waits.join();
  EXPECT_TRUE(woken);
  EXPECT_EQ(journal.last_id(), 101U);
}

class StoredJournal : public test::StoreFixture {
 protected:
  StoredJournal() { settings.journal.most_in_memory = 4; }
  std::int64_t rows() const {
    auto database = open_database(settings.folder + "/piman.db");
    return database ? *database->number("SELECT count(*) FROM journal") : -1;
  }
};

TEST_F(StoredJournal, what_is_late_on_the_disk_is_told_at_once) {
  settings.journal_delay = 1h;
  const auto store = open();
  for (int i = 1; i <= 3; ++i) store->append(entry(i));
  EXPECT_THAT(texts(store->journal().read(since(1))), ElementsAre("2", "3"));
  EXPECT_EQ(rows(), 0);
  // What memory does not hold any more is fetched from the disk, and joined to what it holds.
  for (int i = 4; i <= 10; ++i) store->append(entry(i));
  EXPECT_THAT(texts(store->journal().read(since(0))), ElementsAre("1", "2", "3", "4", "5", "6", "7", "8", "9", "10"));
  EXPECT_THAT(texts(store->journal().read(since(2, 3))), ElementsAre("3", "4", "5"));
  EXPECT_THAT(texts(store->journal().read(since(2, 6))), ElementsAre("3", "4", "5", "6", "7", "8"));
  EXPECT_THAT(texts(store->journal().read(newest(6))), ElementsAre("5", "6", "7", "8", "9", "10"));
}

TEST_F(StoredJournal, filters_and_data_are_the_same_from_the_disk) {
  settings.journal.most_in_memory = 1;
  const auto store = open();
  JournalEntry first = entry(1, "order", "pi1");
  first.data = {{"who", "anna at 10.0.0.2"}, {"why", "a = b; \"c\"\nd"}, {"empty", ""}, {"odd", "a\x1e\x1f"}};
  store->append(first);
  store->append(entry(2, "phase", "pi1"));
  store->append(entry(3, "order", "pi2"));
  store->append(entry(4, "phase", "pi3"));
  auto query = since(0);
  query.kinds = {"order", "boot"};
  const auto page = store->journal().read(query);
  ASSERT_THAT(texts(page), ElementsAre("1", "3"));
  first.data[3].second = "a  ";
  EXPECT_EQ(page->events[0].entry, first);
  query.subjects = {"pi2"};
  EXPECT_THAT(texts(store->journal().read(query)), ElementsAre("3"));
  query.since.reset();
  query.subjects = {"pi1", "pi2"};
  query.most = 1;
  EXPECT_THAT(texts(store->journal().read(query)), ElementsAre("3"));
  query.subjects = {"' OR 1=1 --"};
  EXPECT_THAT(texts(store->journal().read(query)), IsEmpty());
}

TEST_F(StoredJournal, ids_go_on_over_a_restart_and_are_never_given_twice) {
  std::uint64_t told = 0;
  {
    const auto store = open();
    for (int i = 1; i <= 3; ++i) store->append(entry(i));
    told = store->journal().last_id();
  }
  const auto store = open();
  // A run that was killed may have told of events that it did not store.
  EXPECT_GT(store->journal().last_id(), told + 4096 * 2);
  EXPECT_THAT(texts(store->journal().read(since(told + 100))), IsEmpty());
  store->append(entry(4));
  EXPECT_THAT(texts(store->journal().read(since(told + 100))), ElementsAre("4"));
  EXPECT_THAT(texts(store->journal().read(since(1))), ElementsAre("2", "3", "4"));
}

TEST_F(StoredJournal, keeps_so_many_and_not_for_longer) {
  settings.journal.most_entries = 20;
  settings.journal_delay = 1ms;
  {
    const auto store = open();
    for (int i = 1; i <= 200; ++i) {
      store->append(entry(i));
      static_cast<void>(i % 20 == 0 && store->load_boots().has_value());  // stores what came until here
    }
  }
  EXPECT_EQ(rows(), 20);
  settings.journal.longest_age = 1h;
  {
    const auto store = open();
    JournalEntry old = entry(1);
    old.at_ms -= 2 * 3'600'000;
    for (int i = 0; i < 5; ++i) store->append(old);
  }
  EXPECT_EQ(rows(), 16) << "of the old ones only the newest of all stays, for ids go on from it";
  {
    const auto store = open();
    for (int i = 0; i < 20; ++i) store->append(entry(1000 + i));
  }
  EXPECT_EQ(rows(), 20);
  settings.journal.longest_age = 1ms;
  {
    const auto store = open();
    store->append(entry(2000));
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_EQ(rows(), 1);
}

}  // namespace
}  // namespace piman::manager
