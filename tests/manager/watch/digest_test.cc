// SPDX-License-Identifier: Apache-2.0
#include "manager/watch/digest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/text.h"

namespace piman::watch {
namespace {

using manager::AlertRecord;
using manager::NoticeRecord;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Kind = NoticeRecord::Kind;

constexpr std::int64_t kAt = 1'764'304'800'000;  // 2025-11-28 04:40 UTC

NoticeRecord notice(Kind kind, std::string node, Condition condition, std::string detail = {}, double value = 0,
                    double threshold = 0) {
  NoticeRecord record;
  record.kind = kind;
  record.alert.node = std::move(node);
  record.alert.condition = to_string(condition);
  record.alert.detail = std::move(detail);
  record.alert.value = value;
  record.alert.threshold = threshold;
  record.alert.since_ms = record.alert.fired_ms = kAt;
  record.alert.ended_ms = kind == Kind::kResolved ? kAt + 3 * 60'000 : 0;
  return record;
}

TEST(Digest, NineNodesDownAreOneLineOfATitleAndAListThatIsCapped) {
  std::vector<NoticeRecord> notices;
  for (int i = 1; i <= 14; ++i)
    notices.push_back(notice(Kind::kFired, concat("pi", i), Condition::kNodeDown, "no answer"));
  const Digest digest = make_digest("lab", notices);
  EXPECT_EQ(digest.title, "[lab] 14 nodes down");
  EXPECT_TRUE(digest.is_firing);
  ASSERT_THAT(digest.groups, SizeIs(1));
  EXPECT_EQ(digest.groups[0].colour, DigestGroup::Colour::kCritical);
  EXPECT_THAT(digest.groups[0].lines, SizeIs(Digest::kMostLines));
  EXPECT_EQ(digest.groups[0].more, 4U);
  EXPECT_EQ(digest.groups[0].lines[0], "pi1: no answer, since 2025-11-28 04:40 UTC");
}

TEST(Digest, WhatFiresStandsInFrontAndTheGravestFirst) {
  const Digest digest = make_digest("lab", {notice(Kind::kResolved, "pi1", Condition::kNodeDown),
                                            notice(Kind::kFired, "pi2", Condition::kCpu, "", 97, 90),
                                            notice(Kind::kFired, "pi3", Condition::kRootReadOnly),
                                            notice(Kind::kFired, "pi4", Condition::kCpu, "", 95, 90)});
  EXPECT_EQ(digest.title, "[lab] pi3 with a read-only root, 2 nodes with a busy CPU, pi1 no longer down");
  ASSERT_THAT(digest.groups, SizeIs(3));
  EXPECT_EQ(digest.groups[1].colour, DigestGroup::Colour::kWarning);
  EXPECT_EQ(digest.groups[1].lines[0], "pi2: 97 % of the CPU (threshold 90 %), since 2025-11-28 04:40 UTC");
  EXPECT_EQ(digest.groups[0].lines[0], "pi3: since 2025-11-28 04:40 UTC");
  EXPECT_EQ(digest.groups[2].colour, DigestGroup::Colour::kGood);
  EXPECT_THAT(digest.groups[2].lines, ElementsAre("pi1: lasted 3 min"));
}

TEST(Digest, OfSeveralNoticesOfOneAlertTheLastCounts) {
  const Digest over = make_digest(
      "lab", {notice(Kind::kFired, "pi1", Condition::kNodeDown), notice(Kind::kResolved, "pi1", Condition::kNodeDown)});
  EXPECT_EQ(over.title, "[lab] pi1 no longer down");
  EXPECT_FALSE(over.is_firing);
  const Digest again = make_digest(
      "lab", {notice(Kind::kFired, "pi1", Condition::kNodeDown), notice(Kind::kResolved, "pi1", Condition::kNodeDown),
              notice(Kind::kFired, "pi1", Condition::kNodeDown)});
  EXPECT_EQ(again.title, "[lab] pi1 down");
  ASSERT_THAT(again.groups, SizeIs(1));
  EXPECT_THAT(again.groups[0].lines, SizeIs(1));
}

TEST(Digest, TheSiteItselfHasNoName) {
  const Digest digest = make_digest("lab", {notice(Kind::kFired, "", Condition::kWatchdog, "silent for 3 min")});
  EXPECT_EQ(digest.title, "[lab] the site without alerts from Alertmanager");
  EXPECT_EQ(digest.groups[0].lines[0], "silent for 3 min, since 2025-11-28 04:40 UTC");
}

TEST(Digest, TestsAndNothing) {
  const Digest test = make_digest("lab", {notice(Kind::kTest, "", Condition::kCpu)});
  EXPECT_EQ(test.title, "[lab] a test: messages of piman arrive here");
  EXPECT_TRUE(test.is_test);
  EXPECT_THAT(test.groups, IsEmpty());
  EXPECT_EQ(make_digest("lab", {}).title, "");
  NoticeRecord unknown = notice(Kind::kFired, "pi1", Condition::kCpu);
  unknown.alert.condition = "levitation";
  EXPECT_EQ(make_digest("lab", {unknown}).title, "") << "a word of another version";
}

TEST(Digest, WhatANodeSaysIsShortenedBetweenLetters) {
  std::string snowmen;
  for (int i = 0; i < 100; ++i) snowmen += "\xe2\x98\x83";
  AlertRecord alert = notice(Kind::kFired, "pi1", Condition::kNodeDown, snowmen).alert;
  const std::string words = describe(alert);
  EXPECT_EQ(words.size(), 159U + 3) << "53 snowmen and dots";
  EXPECT_TRUE(is_valid_utf8(words));
  alert.detail = std::string(500, '\x80');  // no letter at all
  EXPECT_LE(describe(alert).size(), 163U);
}

TEST(Digest, AnEndThatLiesBeforeTheBeginningLastedNothing) {
  NoticeRecord odd = notice(Kind::kResolved, "pi1", Condition::kCpu);
  odd.alert.ended_ms = odd.alert.since_ms - 5000;
  EXPECT_THAT(make_digest("lab", {odd}).groups[0].lines, ElementsAre("pi1: lasted 0 s"));
}

TEST(Lasting, InTheTwoLargestUnits) {
  EXPECT_EQ(lasting(milliseconds(999)), "0 s");
  EXPECT_EQ(lasting(seconds(59)), "59 s");
  EXPECT_EQ(lasting(seconds(60)), "1 min");
  EXPECT_EQ(lasting(minutes(59)), "59 min");
  EXPECT_EQ(lasting(hours(3)), "3 h");
  EXPECT_EQ(lasting(minutes(200)), "3 h 20 min");
  EXPECT_EQ(lasting(hours(52)), "2 d 4 h");
  EXPECT_EQ(lasting(hours(48)), "2 d");
}

TEST(Lasting, TimesForPeople) {
  EXPECT_EQ(show_time(kAt), "2025-11-28 04:40 UTC");
  EXPECT_EQ(show_time(0), "1970-01-01 00:00 UTC");
}

}  // namespace
}  // namespace piman::watch
