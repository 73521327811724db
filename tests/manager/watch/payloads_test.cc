// SPDX-License-Identifier: Apache-2.0
#include "manager/watch/payloads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/text.h"

namespace piman::watch {
namespace {

using Json = nlohmann::json;
using manager::AlertRecord;
using manager::NoticeRecord;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

const WallTime kNow{seconds(1'700'000'000)};
constexpr const char* kLink = "http://manager:8080/";

Json parsed(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << text;
  return json;
}

/// Receivers count letters.
std::size_t letters_of(const Json& text) {
  const std::string bytes = text.get<std::string>();
  return static_cast<std::size_t>(std::count_if(
      bytes.begin(), bytes.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

NoticeRecord fired(const std::string& node, Condition condition, const std::string& detail) {
  NoticeRecord notice;
  notice.alert.node = node;
  notice.alert.condition = to_string(condition);
  notice.alert.detail = detail;
  notice.alert.since_ms = notice.alert.fired_ms = 1'700'000'000'123;
  return notice;
}

/// As large as a message can get: every condition fires on many nodes whose details are long, and as many are over.
Digest huge(const std::string& letters) {
  std::string detail;
  while (detail.size() < 1000) detail += letters;
  std::vector<NoticeRecord> notices;
  for (std::size_t c = 0; c < kConditionCount; ++c) {
    for (int i = 0; i < 40; ++i) {
      notices.push_back(fired(concat(letters, "-node-", i), condition_at(c), detail));
      notices.push_back(fired(concat(letters, "-gone-", i), condition_at(c), detail));
      notices.back().kind = NoticeRecord::Kind::kResolved;
    }
  }
  return make_digest(concat("lab ", letters), notices);
}

TEST(Slack, OnePostWithAPartForEachGroup) {
  const Digest digest =
      make_digest("lab", {fired("pi1", Condition::kNodeDown, "no answer"),
                          fired("pi2", Condition::kNodeDown, "no answer"), fired("pi3", Condition::kThrottled, "")});
  const Json json = parsed(slack_payload(digest, kLink));
  EXPECT_EQ(json["text"], "[lab] 2 nodes down, pi3 slowed down");
  ASSERT_THAT(json["attachments"], SizeIs(2));
  EXPECT_EQ(json["attachments"][0]["color"], "danger");
  EXPECT_EQ(json["attachments"][0]["title"], "2 nodes down");
  EXPECT_EQ(json["attachments"][0]["title_link"], kLink);
  EXPECT_EQ(json["attachments"][0]["text"],
            "pi1: no answer, since 2023-11-14 22:13 UTC\npi2: no answer, since 2023-11-14 22:13 UTC");
  EXPECT_EQ(json["attachments"][1]["color"], "warning");
}

TEST(Slack, ANodeCanWriteNeitherMentionsNorLinks) {
  const Digest digest =
      make_digest("<!channel> & co", {fired("<@U1>", Condition::kNodeDown, "<!here> <http://evil|ok> &lt;")});
  const std::string text = slack_payload(digest, kLink);
  EXPECT_THAT(text, Not(HasSubstr("<")));
  EXPECT_THAT(text, Not(HasSubstr(">")));
  const Json json = parsed(text);
  EXPECT_EQ(json["text"], "[&lt;!channel&gt; &amp; co] &lt;@U1&gt; down");
  EXPECT_THAT(json["attachments"][0]["text"].get<std::string>(),
              HasSubstr("&lt;@U1&gt;: &lt;!here&gt; &lt;http://evil|ok&gt; &amp;lt;"));
}

TEST(Slack, EveryMessageIsAsSmallAsSlackTakesIt) {
  for (const std::string letters : {"a", "&", "<>", "\"\\", "\xe2\x98\x83", "\xff\xfe", "\n"}) {
    const Json json = parsed(slack_payload(huge(letters), kLink));
    EXPECT_LE(letters_of(json["text"]), 1000U);
    EXPECT_LE(json["attachments"].size(), 20U);
    for (const Json& part : json["attachments"]) {
      EXPECT_LE(letters_of(part["text"]), 4000U) << letters;
      EXPECT_LE(letters_of(part["title"]), 1000U);
      EXPECT_THAT(part["text"].get<std::string>(), HasSubstr("more")) << "what is left out is counted";
    }
  }
}

TEST(Slack, LinesThatDoNotFitAreCounted) {
  std::vector<NoticeRecord> notices;
  for (int i = 0; i < 12; ++i) notices.push_back(fired(concat(std::string(150, '&'), i), Condition::kNodeDown, "x"));
  const Json json = parsed(slack_payload(make_digest("lab", notices), kLink));
  const std::string text = json["attachments"][0]["text"];
  const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  EXPECT_THAT(text, HasSubstr(concat("and ", 12 - lines, " more")));
}

TEST(Webhook, DiscordShowsItAndCallsNobody) {
  const Digest digest =
      make_digest("lab", {fired("@everyone", Condition::kNodeDown, "[click](http://evil) **x** `y`")});
  const Json json = parsed(webhook_payload(digest, kLink));
  EXPECT_EQ(json["username"], "piman");
  EXPECT_EQ(json["content"], "\\[lab\\] \\@everyone down");
  EXPECT_TRUE(json["allowed_mentions"]["parse"].is_array() && json["allowed_mentions"]["parse"].empty());
  EXPECT_THAT(json["embeds"][0]["description"].get<std::string>(),
              HasSubstr("\\[click\\](http://evil) \\*\\*x\\*\\* \\`y\\`"));
  // Others read the same without the backslashes.
  EXPECT_EQ(json["status"], "firing");
  EXPECT_EQ(json["site"], "lab");
  EXPECT_EQ(json["groups"][0]["condition"], "node_down");
  EXPECT_EQ(json["groups"][0]["title"], "@everyone down");
  EXPECT_EQ(json["groups"][0]["status"], "firing");
}

TEST(Webhook, EveryMessageIsAsSmallAsDiscordTakesIt) {
  for (const std::string letters : {"a", "*", "\xe2\x98\x83", "\xff"}) {
    const Json json = parsed(webhook_payload(huge(letters), kLink));
    EXPECT_LE(letters_of(json["content"]), 2000U);
    EXPECT_LE(json["embeds"].size(), 10U);
    std::size_t letters_in_all = 0;
    for (const Json& embed : json["embeds"]) {
      EXPECT_LE(letters_of(embed["title"]), 256U);
      letters_in_all += letters_of(embed["title"]) + letters_of(embed["description"]);
    }
    EXPECT_LE(letters_in_all, 6000U) << letters;
  }
}

TEST(Webhook, WhatItIs) {
  NoticeRecord over = fired("pi1", Condition::kCpu, "");
  over.kind = NoticeRecord::Kind::kResolved;
  EXPECT_EQ(parsed(webhook_payload(make_digest("lab", {over}), kLink))["status"], "resolved");
  NoticeRecord test;
  test.kind = NoticeRecord::Kind::kTest;
  EXPECT_EQ(parsed(webhook_payload(make_digest("lab", {test}), kLink))["status"], "test");
}

TEST(AlertmanagerPayload, LabelsAreThoseOfTheRules) {
  AlertmanagerPost post;
  post.site = "lab";
  post.now = kNow;
  post.firing_until = kNow + minutes(4);
  post.link = kLink;
  post.firing = {fired("pi1", Condition::kTemperature, "").alert};
  post.firing[0].value = 91;
  post.firing[0].threshold = 80;
  post.resolved = {fired("", Condition::kWatchdog, "silent").alert};
  post.resolved[0].ended_ms = 1'700'000'000'456;
  AlertRecord unknown;
  unknown.condition = "levitation";
  post.firing.push_back(unknown);
  post.is_test = true;
  const Json json = parsed(alertmanager_payload(post));
  ASSERT_THAT(json, SizeIs(3));
  EXPECT_EQ(json[0]["labels"], (Json{{"alertname", "WatchdogSilent"}, {"severity", "critical"}, {"site", "lab"}}));
  EXPECT_EQ(json[0]["endsAt"], "2023-11-14T22:13:20.456Z");
  EXPECT_EQ(json[1]["labels"],
            (Json{{"alertname", "TemperatureHigh"}, {"node", "pi1"}, {"severity", "warning"}, {"site", "lab"}}));
  EXPECT_EQ(json[1]["startsAt"], "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(json[1]["endsAt"], "2023-11-14T22:17:20.000Z");
  EXPECT_EQ(json[1]["annotations"]["summary"], "pi1 too hot");
  EXPECT_EQ(json[1]["annotations"]["description"], "91 C (threshold 80 C)");
  EXPECT_EQ(json[1]["generatorURL"], kLink);
  EXPECT_EQ(json[2]["labels"]["alertname"], "PimanTest");
}

struct SignalCase {
  const char* what;
  const char* json;
  int expected;  ///< 1 a signal, 0 none, -1 no message
};

TEST(WatchdogSignal, OnlyAWatchdogThatFires) {
  const std::vector<SignalCase> cases = {
      {"the signal", R"({"alerts":[{"status":"firing","labels":{"alertname":"Watchdog"}}]})", 1},
      {"among others",
       R"({"alerts":[{"status":"firing","labels":{"alertname":"X"}},{"status":"firing","labels":{"alertname":"Watchdog"}}]})",
       1},
      {"its end", R"({"alerts":[{"status":"resolved","labels":{"alertname":"Watchdog"}}]})", 0},
      {"another alert", R"({"alerts":[{"status":"firing","labels":{"alertname":"NodeDown"}}]})", 0},
      {"a name in another case", R"({"alerts":[{"status":"firing","labels":{"alertname":"watchdog"}}]})", 0},
      {"the group's status only", R"({"status":"firing","alerts":[{"labels":{"alertname":"Watchdog"}}]})", 0},
      {"odd types", R"({"alerts":[1,null,[],{"labels":3},{"status":1,"labels":{"alertname":[]}}]})", 0},
      {"no alerts", R"({"alerts":[]})", 0},
      {"no list", R"({"alerts":{}})", -1},
      {"no object", "[]", -1},
      {"nothing", "", -1},
      {"half of it", R"({"alerts":[{"status":"fir)", -1},
  };
  for (const SignalCase& each : cases) {
    const auto signal = is_watchdog_signal(each.json);
    EXPECT_EQ(signal ? (*signal ? 1 : 0) : -1, each.expected) << each.what;
  }
}

TEST(WatchdogSignal, EveryTruncationIsNoMessage) {
  const std::string whole = R"({"version":"4","alerts":[{"status":"firing","labels":{"alertname":"Watchdog"}}]})";
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(is_watchdog_signal(whole.substr(0, size))) << size;
  EXPECT_TRUE(*is_watchdog_signal(whole));
  EXPECT_FALSE(is_watchdog_signal(std::string(60'000, '['))) << "deep";
}

}  // namespace
}  // namespace piman::watch
