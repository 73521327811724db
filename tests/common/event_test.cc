// SPDX-License-Identifier: Apache-2.0
#include "common/event.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "common/text.h"

namespace piman {
namespace {

NodeEvent full_event() {
  NodeEvent event;
  event.time = 1735689599.125;
  event.cpu_percent = 3.5;
  event.memory_percent = 41.25;
  event.disk_percent = 0;
  event.num_pids = 133;
  event.temp = 48.3;
  return event;
}

void expect_same(const NodeEvent& a, const NodeEvent& b) {
  EXPECT_EQ(a.time, b.time);
  EXPECT_EQ(a.cpu_percent, b.cpu_percent);
  EXPECT_EQ(a.memory_percent, b.memory_percent);
  EXPECT_EQ(a.disk_percent, b.disk_percent);
  EXPECT_EQ(a.num_pids, b.num_pids);
  EXPECT_EQ(a.temp, b.temp);
}

TEST(Event, ExactText) {
  EXPECT_EQ(encode(full_event()), R"({"time":1735689599.125,"cpu_percent":3.5,"memory_percent":41.25,"disk_percent":0,)"
                                  R"("num_pids":133,"temp":48.3})"
                                  "\n");
  EXPECT_EQ(encode(NodeEvent{}), "{}\n");
}

TEST(Event, RoundTrips) {
  const auto decoded = decode_event(encode(full_event()));
  ASSERT_TRUE(decoded) << decoded.error().message;
  expect_same(*decoded, full_event());
}

TEST(Event, RoundTripsAnyNumber) {
  std::mt19937_64 random(3);
  std::vector<double> values = {0,   -0.0,    1e15, -1e15, 1e15 + 2, 1e300, 5e-324, 1.7976931348623157e308,
                                0.1, -273.15, 1e21};
  while (values.size() < 2000) {
    const double value = std::bit_cast<double>(random());
    if (std::isfinite(value)) values.push_back(value);
  }
  for (const double value : values) {
    NodeEvent event;
    event.temp = value;
    const auto decoded = decode_event(encode(event));
    ASSERT_TRUE(decoded) << value;
    ASSERT_EQ(decoded->temp, value);
  }
}

TEST(Event, WhatIsNotFiniteIsLeftOut) {
  for (const double value : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    NodeEvent event;
    event.cpu_percent = value;
    EXPECT_EQ(encode(event), "{}\n");
  }
}

TEST(Event, OldAgentsSendWordsForTheTime) {
  const auto decoded = decode_event(R"({"time": "2019-07-30 14:05:59.120", "cpu_percent": 12.5, "memory_percent": 33.1,
                       "disk_percent": 10.0, "num_pids": 120, "temp": null, "hostname": ["x", {"y": 1}]})");
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_FALSE(decoded->time);
  EXPECT_FALSE(decoded->temp);
  EXPECT_EQ(decoded->cpu_percent, 12.5);
  EXPECT_EQ(decoded->num_pids, 120);
}

TEST(Event, TheLastOfTwoEqualKeysCounts) { EXPECT_EQ(decode_event(R"({"temp": 1, "temp": 2})")->temp, 2); }

TEST(Event, HostileTexts) {
  for (const char* bad : {"",
                          " ",
                          "null",
                          "1",
                          "[]",
                          "\"{}\"",
                          "{",
                          "}",
                          "{}}",
                          "{} {}",
                          "{]",
                          "{\"temp\"}",
                          "{\"temp\":}",
                          "{\"temp\":1,}",
                          "{temp:1}",
                          "{\"temp\":01}",
                          "{\"temp\":+1}",
                          "{\"temp\":NaN}",
                          "{\"temp\":Infinity}",
                          "{\"temp\":1e999}",
                          "{\"temp\":\"48\"}",
                          "{\"temp\":true}",
                          "{\"temp\":[48]}",
                          "{\"temp\":{}}",
                          "{\"cpu_percent\":\"x\"}",
                          "{\"time\":false}",
                          "{\"x\":\"\xFF\"}",
                          "{\"x\":\"\xED\xA0\x80\"}",
                          "{\"temp\":0x10}",
                          "{'temp':1}",
                          "\xEF\xBB\xBF",
                          "{\"temp\":1}garbage",
                          "<html></html>"}) {
    const auto decoded = decode_event(bad);
    EXPECT_FALSE(decoded) << quote(bad);
    EXPECT_TRUE(decoded || !decoded.error().message.empty());
  }
}

TEST(Event, ErrorsNameTheValueAndStayShort) {
  EXPECT_EQ(decode_event("<html>\n").error().message, R"(not a JSON object: "<html>\x0a")");
  const std::string message = decode_event(R"({"temp": "hot"})").error().message;
  EXPECT_TRUE(message.starts_with("temp ")) << message;
  EXPECT_LT(decode_event("{\"temp\":\"" + std::string(100000, 'x') + "\"}").error().message.size(), 200U);
}

NodeEvent event_with_notables() {
  NodeEvent event;
  event.temp = 48.3;
  event.boot_id = "9d9c9c89-2341-41d7-a340-363fa994e71b";
  event.events = {{1795401119171, 1795397204.5, "boot", "9d9c9c89"},
                  {1795401119172, 1795401120, "under_voltage", "on"}};
  return event;
}

TEST(Event, NotableEventsExactText) {
  EXPECT_EQ(encode(event_with_notables()),
            R"({"temp":48.3,"boot_id":"9d9c9c89-2341-41d7-a340-363fa994e71b","events":[)"
            R"({"id":1795401119171,"time":1795397204.5,"kind":"boot","detail":"9d9c9c89"},)"
            R"({"id":1795401119172,"time":1795401120,"kind":"under_voltage","detail":"on"}]})"
            "\n");
  NodeEvent none;
  none.events.emplace();
  EXPECT_EQ(encode(none), "{\"events\":[]}\n");
}

TEST(Event, NotableEventsRoundTrip) {
  const auto decoded = decode_event(encode(event_with_notables()));
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->boot_id, event_with_notables().boot_id);
  ASSERT_TRUE(decoded->events && decoded->events->size() == 2);
  EXPECT_EQ((*decoded->events)[1].id, 1795401119172U);
  EXPECT_EQ((*decoded->events)[0].time, 1795397204.5);
  EXPECT_EQ((*decoded->events)[1].kind, "under_voltage");
  EXPECT_EQ((*decoded->events)[1].detail, "on");
}

TEST(Event, AgentsThatKeepNoEvents) {
  const auto decoded = decode_event(encode(full_event()));
  ASSERT_TRUE(decoded);
  EXPECT_FALSE(decoded->boot_id);
  EXPECT_FALSE(decoded->events);
  EXPECT_TRUE(decode_event(R"({"events":[]})")->events->empty());
  EXPECT_EQ((*decode_event(R"({"events":[{"id":1,"kind":"x","more":[1]}]})")->events)[0].detail, "");
}

TEST(Event, HostileNotableEvents) {
  for (const char* bad : {R"({"events":1})", R"({"events":{}})", R"({"events":[1]})", R"({"events":[{}]})",
                          R"({"events":[{"id":-1,"kind":"x"}]})", R"({"events":[{"id":1.5,"kind":"x"}]})",
                          R"({"events":[{"id":"1","kind":"x"}]})", R"({"events":[{"id":1}]})",
                          R"({"events":[{"id":1,"kind":1}]})", R"({"events":[[[[]]]]})"}) {
    const auto decoded = decode_event(bad);
    ASSERT_FALSE(decoded) << bad;
    EXPECT_FALSE(decoded.error().message.empty());
  }
  NodeEvent many;
  many.events.emplace(1025);
  EXPECT_FALSE(decode_event(encode(many)));
  many.events->pop_back();
  EXPECT_TRUE(decode_event(encode(many)));
}

TEST(Event, EveryTruncationIsAnError) {
  std::string whole = encode(full_event());
  whole.pop_back();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(decode_event(whole.substr(0, length))) << length;
  }
}

TEST(Event, NestingBombsAreErrorsOrIgnored) {
  const std::size_t depth = 200'000;
  const std::string open(depth, '['), close(depth, ']');
  std::string objects = "1";
  for (std::size_t i = 0; i < 20'000; ++i) objects = R"({"temp":)" + std::exchange(objects, {}) + "}";
  EXPECT_FALSE(decode_event(open));
  EXPECT_FALSE(decode_event(open + close));
  EXPECT_FALSE(decode_event("{\"temp\":" + open + close + "}"));
  EXPECT_TRUE(decode_event("{\"unknown\":" + open + close + ",\"temp\":1}"));
  EXPECT_FALSE(decode_event(objects));
}

}  // namespace
}  // namespace piman
