// SPDX-License-Identifier: Apache-2.0
#include "manager/watch/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/text.h"

namespace piman::watch {
namespace {

using manager::NoticeRecord;
using manager::WatchChanges;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::uint32_t kAll = 7;
const WallTime kWall{seconds(1'700'000'000)};

NoticeRecord notice(std::uint64_t id, std::uint32_t owed = kAll, NoticeRecord::Kind kind = NoticeRecord::Kind::kFired) {
  NoticeRecord record;
  record.id = id;
  record.owed = owed;
  record.kind = kind;
  record.alert.node = concat("pi", id);
  record.alert.condition = "cpu";
  return record;
}

std::vector<std::uint64_t> ids_of(const std::optional<std::vector<NoticeRecord>>& notices) {
  std::vector<std::uint64_t> ids;
  for (const NoticeRecord& each : notices.value_or(std::vector<NoticeRecord>{})) ids.push_back(each.id);
  return ids;
}

class OutboxTest : public ::testing::Test {
 protected:
  Moment now() const { return {SteadyTime(seconds(1000) + passed), kWall + passed}; }
  void pass(milliseconds time) { passed += time; }
  void add(std::vector<NoticeRecord> notices) { box.add(notices, now(), out); }
  std::optional<std::vector<NoticeRecord>> take(Notifier notifier = Notifier::kSlack) {
    return box.take(notifier, now());
  }
  void finish(Delivery delivery, std::optional<milliseconds> wait = {}, Notifier notifier = Notifier::kSlack) {
    box.finish(notifier, delivery, delivery == Delivery::kSent ? "" : "it said no", wait, now(), out);
  }
  /// When the next message is taken, by looking again and again; nothing within two hours.
  std::optional<milliseconds> next_message() {
    const milliseconds begin = passed;
    for (; passed - begin < std::chrono::hours(2); pass(milliseconds(500))) {
      if (take()) return passed - begin;
    }
    return std::nullopt;
  }

  OutboxLimits limits;
  Outbox box{OutboxLimits{}, kAll};
  WatchChanges out;
  milliseconds passed{0};
};

TEST_F(OutboxTest, ABurstIsOneMessage) {
  add({notice(1)});
  EXPECT_FALSE(take()) << "it gathers";
  pass(seconds(10));
  add({notice(2), notice(3)});
  pass(seconds(9));
  EXPECT_FALSE(take()) << "from the first one on";
  pass(seconds(1));
  EXPECT_THAT(ids_of(take()), ElementsAre(1, 2, 3));
  EXPECT_FALSE(take()) << "while it is under way";
  finish(Delivery::kSent);
  EXPECT_FALSE(take());
  EXPECT_EQ(box.state(Notifier::kSlack, now()).last_sent_id, 3U);
  EXPECT_EQ(box.state(Notifier::kSlack, now()).queued, 0U);
  EXPECT_EQ(box.state(Notifier::kWebhook, now()).queued, 3U) << "others have not been told";
}

TEST_F(OutboxTest, BetweenTwoMessagesThereIsAPause) {
  add({notice(1)});
  ASSERT_TRUE(next_message());
  finish(Delivery::kSent);
  add({notice(2)});
  EXPECT_EQ(next_message(), seconds(60));
}

TEST_F(OutboxTest, AlertmanagerGathersByItself) {
  add({notice(1)});
  EXPECT_THAT(ids_of(take(Notifier::kAlertmanager)), ElementsAre(1));
  finish(Delivery::kSent, {}, Notifier::kAlertmanager);
  add({notice(2)});
  EXPECT_THAT(ids_of(take(Notifier::kAlertmanager)), ElementsAre(2)) << "and knows no pause";
}

TEST_F(OutboxTest, WhatComesWhileAMessageIsUnderWayIsInTheNextOne) {
  add({notice(1)});
  pass(seconds(20));
  EXPECT_THAT(ids_of(take()), ElementsAre(1));
  add({notice(2)});
  finish(Delivery::kSent);
  pass(seconds(60));
  EXPECT_THAT(ids_of(take()), ElementsAre(2));
}

TEST_F(OutboxTest, AFailureIsTriedAgainLaterAndLater) {
  add({notice(1)});
  ASSERT_TRUE(next_message());
  std::vector<milliseconds> waits;
  for (int i = 0; i < 12; ++i) {
    finish(Delivery::kFailed);
    waits.push_back(*next_message());
  }
  EXPECT_THAT(waits, ElementsAre(seconds(1), seconds(2), seconds(4), seconds(8), seconds(16), seconds(32), seconds(64),
                                 seconds(128), seconds(256), seconds(300), seconds(300), seconds(300)));
  EXPECT_EQ(box.state(Notifier::kSlack, now()).last_error, "it said no");
  EXPECT_TRUE(box.state(Notifier::kSlack, now()).failing_since);
  finish(Delivery::kSent);
  EXPECT_FALSE(box.state(Notifier::kSlack, now()).failing_since);
  EXPECT_EQ(box.state(Notifier::kSlack, now()).last_error, "");
  add({notice(2)});
  ASSERT_TRUE(next_message());
  finish(Delivery::kFailed);
  EXPECT_EQ(next_message(), seconds(1)) << "the patience is that of the beginning";
}

TEST_F(OutboxTest, ItWaitsAsLongAsItIsAskedToButNotForEver) {
  add({notice(1)});
  ASSERT_TRUE(next_message());
  finish(Delivery::kRateLimited, seconds(30));
  EXPECT_EQ(next_message(), seconds(30));
  finish(Delivery::kRateLimited, seconds(0));
  EXPECT_EQ(next_message(), seconds(2)) << "its own patience when that is more";
  finish(Delivery::kRateLimited, std::chrono::hours(24 * 365));
  EXPECT_EQ(next_message(), seconds(3600));
}

TEST_F(OutboxTest, WhatIsRefusedThreeTimesIsGivenUp) {
  add({notice(1), notice(2)});
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(next_message());
    if (i == 1) add({notice(3)});
    finish(Delivery::kRefused);
  }
  // The third was in the last attempt too.
  EXPECT_EQ(box.state(Notifier::kSlack, now()).queued, 0U);
  EXPECT_EQ(box.state(Notifier::kSlack, now()).counts[static_cast<std::size_t>(Delivery::kDropped)], 3U);
  EXPECT_THAT(box.notices(), SizeIs(3)) << "others still take it";
  add({notice(4)});
  ASSERT_TRUE(next_message());
  finish(Delivery::kRefused);
  ASSERT_TRUE(next_message());
  finish(Delivery::kFailed);  // another answer in between
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(next_message());
    finish(Delivery::kRefused);
    EXPECT_EQ(box.state(Notifier::kSlack, now()).queued, 1U);
  }
}

TEST_F(OutboxTest, ARowGoesWhenEverybodyHasIt) {
  add({notice(1)});
  pass(seconds(20));
  for (const Notifier each : {Notifier::kSlack, Notifier::kAlertmanager, Notifier::kWebhook}) {
    ASSERT_TRUE(take(each));
    finish(Delivery::kSent, {}, each);
  }
  ASSERT_THAT(out.notices, SizeIs(2)) << "a row that is owed to fewer each time";
  EXPECT_EQ(out.notices[0].owed, 6U);
  EXPECT_EQ(out.notices[1].owed, 4U);
  EXPECT_THAT(out.gone_notices, ElementsAre(1));
  EXPECT_THAT(box.notices(), IsEmpty());
}

TEST_F(OutboxTest, WhatNobodyIsOwedAnyMoreIsForgotten) {
  Outbox slack_only(limits, bit_of(Notifier::kSlack));
  slack_only.add({notice(1, bit_of(Notifier::kWebhook)), notice(2)}, now(), out);
  EXPECT_THAT(out.gone_notices, ElementsAre(1));
  EXPECT_FALSE(slack_only.state(Notifier::kWebhook, now()).is_on);
  EXPECT_FALSE(slack_only.take(Notifier::kWebhook, now(), true));
}

TEST_F(OutboxTest, TheQueueIsBoundedAndTheOldestGo) {
  std::vector<NoticeRecord> many;
  for (std::uint64_t id = 1; id <= 1003; ++id) many.push_back(notice(id));
  add(many);
  EXPECT_THAT(box.notices(), SizeIs(1000));
  EXPECT_THAT(out.gone_notices, ElementsAre(1, 2, 3));
  EXPECT_EQ(box.state(Notifier::kSlack, now()).counts[static_cast<std::size_t>(Delivery::kDropped)], 3U);
  EXPECT_EQ(box.notices().front().id, 4U);
}

TEST_F(OutboxTest, PushedOutWhileUnderWayHarmsNothing) {
  add({notice(1)});
  pass(seconds(20));
  ASSERT_TRUE(take());
  std::vector<NoticeRecord> many;
  for (std::uint64_t id = 2; id <= 1001; ++id) many.push_back(notice(id));
  add(many);
  finish(Delivery::kSent);
  EXPECT_THAT(box.notices(), SizeIs(1000));
  EXPECT_EQ(box.state(Notifier::kSlack, now()).queued, 1000U);
}

TEST_F(OutboxTest, ATestWaitsForNobody) {
  add({notice(1)});
  ASSERT_TRUE(next_message());
  finish(Delivery::kSent);
  add({notice(2, kAll, NoticeRecord::Kind::kTest)});
  EXPECT_THAT(ids_of(take()), ElementsAre(2)) << "neither gathered nor in the pause";
  finish(Delivery::kFailed);
  add({notice(3, kAll, NoticeRecord::Kind::kTest)});
  EXPECT_TRUE(take()) << "nor in the patience after a failure";
}

TEST_F(OutboxTest, RoundsOfStatesNeedNoNotice) {
  EXPECT_FALSE(box.take(Notifier::kAlertmanager, now()));
  EXPECT_TRUE(box.take(Notifier::kAlertmanager, now(), true));
  finish(Delivery::kFailed, {}, Notifier::kAlertmanager);
  EXPECT_FALSE(box.take(Notifier::kAlertmanager, now(), true)) << "patience holds for them too";
  pass(seconds(1));
  EXPECT_TRUE(box.take(Notifier::kAlertmanager, now(), true));
}

TEST_F(OutboxTest, AnOutcomeOfNothingIsNone) {
  finish(Delivery::kSent);
  finish(Delivery::kRefused);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(box.state(Notifier::kSlack, now()).counts[static_cast<std::size_t>(Delivery::kSent)], 0U);
}

/// Whatever the receiver does and whenever the manager dies: what is stored and not yet taken comes to be told, and
/// twice only if the manager died before it could write down that it was.
TEST(OutboxDurability, AnyOrderOfAnswersAndDeaths) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    std::map<std::uint64_t, NoticeRecord> rows;
    std::map<std::uint64_t, int> told;
    std::set<std::uint64_t> excused;  // under way in the moment of a death
    std::uint64_t last_id = 0;
    milliseconds passed{0};
    const auto now = [&] { return Moment{SteadyTime(seconds(1000) + passed), kWall + passed}; };
    const auto store = [&](const WatchChanges& out) {
      for (const NoticeRecord& each : out.notices) rows[each.id] = each;
      for (const std::uint64_t id : out.gone_notices) rows.erase(id);
    };
    std::optional<Outbox> box(std::in_place, OutboxLimits{}, bit_of(Notifier::kSlack));
    const auto deliver = [&](bool reliable) {
      const auto taken = box->take(Notifier::kSlack, now());
      if (!taken) return;
      const std::uint64_t what = reliable ? 0 : random() % 5;
      const bool arrives = what == 0 || what == 1;
      for (const NoticeRecord& each : *taken) told[each.id] += arrives ? 1 : 0;
      if (what == 1 || what == 2) {  // dead before the answer was written down
        if (arrives) {
          for (const NoticeRecord& each : *taken) excused.insert(each.id);
        }
        box.emplace(OutboxLimits{}, bit_of(Notifier::kSlack));
        WatchChanges out;
        std::vector<NoticeRecord> stored;
        for (const auto& [id, row] : rows) stored.push_back(row);
        box->add(stored, now(), out);
        store(out);
        return;
      }
      WatchChanges out;
      const Delivery delivery = what == 0 ? Delivery::kSent : what == 3 ? Delivery::kFailed : Delivery::kRateLimited;
      box->finish(Notifier::kSlack, delivery, "", seconds(random() % 30), now(), out);
      store(out);
    };
    for (int step = 0; step < 200; ++step) {
      if (random() % 4 == 0) {
        WatchChanges out;
        out.notices.push_back(notice(++last_id, bit_of(Notifier::kSlack)));
        store(out);  // first on the disk
        box->add(std::vector<NoticeRecord>(out.notices), now(), out);
      }
      deliver(false);
      passed += milliseconds(random() % 20'000);
    }
    for (int step = 0; step < 100; ++step) {
      deliver(true);
      passed += seconds(10);
    }
    EXPECT_THAT(rows, IsEmpty()) << "seed " << seed;
    for (std::uint64_t id = 1; id <= last_id; ++id) {
      EXPECT_GE(told[id], 1) << "seed " << seed << ": notice " << id << " was lost";
      if (!excused.contains(id)) {
        EXPECT_EQ(told[id], 1) << "seed " << seed << ": notice " << id << " was doubled";
      }
    }
  }
}

struct JudgeCase {
  int status;
  Delivery delivery;
};
TEST(Judge, WhatAnAnswerMeans) {
  for (const auto& [status, delivery] : std::vector<JudgeCase>{{200, Delivery::kSent},
                                                               {204, Delivery::kSent},
                                                               {299, Delivery::kSent},
                                                               {0, Delivery::kFailed},
                                                               {302, Delivery::kFailed},
                                                               {400, Delivery::kRefused},
                                                               {401, Delivery::kFailed},
                                                               {403, Delivery::kFailed},
                                                               {404, Delivery::kFailed},
                                                               {410, Delivery::kFailed},
                                                               {413, Delivery::kRefused},
                                                               {415, Delivery::kRefused},
                                                               {422, Delivery::kRefused},
                                                               {429, Delivery::kRateLimited},
                                                               {500, Delivery::kFailed},
                                                               {503, Delivery::kFailed}}) {
    EXPECT_EQ(judge(status), delivery) << status;
  }
}

TEST(RetryAfter, SecondsOrADate) {
  EXPECT_EQ(retry_after("30", kWall), seconds(30));
  EXPECT_EQ(retry_after("  0 ", kWall), seconds(0));
  EXPECT_EQ(retry_after("4294967295", kWall), seconds(4294967295));
  EXPECT_EQ(retry_after("Tue, 14 Nov 2023 22:13:50 GMT", kWall), seconds(30));
  EXPECT_EQ(retry_after("Tue, 14 Nov 2023 20:00:00 GMT", kWall), seconds(0)) << "a date that is past";
  for (const char* odd : {"", "-1", "1.5", "soon", "99999999999999999999", "Tue, 99 Nov 2023 22:13:50 GMT", "30s"}) {
    EXPECT_FALSE(retry_after(odd, kWall)) << odd;
  }
}

TEST(NotifierWords, AreTheMetricsLabels) {
  EXPECT_EQ(to_string(Notifier::kSlack), "slack");
  EXPECT_EQ(to_string(Notifier::kAlertmanager), "alertmanager");
  EXPECT_EQ(to_string(Notifier::kWebhook), "webhook");
  EXPECT_EQ(to_string(Delivery::kRateLimited), "rate_limited");
  EXPECT_EQ(to_string(Delivery::kDropped), "dropped");
}

}  // namespace
}  // namespace piman::watch
