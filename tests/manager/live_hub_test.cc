// SPDX-License-Identifier: Apache-2.0
#include "manager/api/live_hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "common/text.h"
#include "manager/api/live_routes.h"
#include "tests/manager/sample_fleet.h"

namespace piman::manager::api {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

struct Said {
  std::string kind, id;
  json data;
};

/// What a browser makes of a stream.
std::vector<Said> events_of(std::string_view text) {
  std::vector<Said> events;
  while (!text.empty()) {
    const std::size_t end = text.find("\n\n");
    EXPECT_NE(end, std::string_view::npos) << text;
    std::string_view block = text.substr(0, end);
    text.remove_prefix(end + 2);
    Said said;
    while (!block.empty()) {
      const std::string_view line = next_until(block, '\n');
      if (line.starts_with("event: ")) said.kind = line.substr(7);
      if (line.starts_with("id: ")) said.id = line.substr(4);
      if (line.starts_with("data: ")) said.data = json::parse(line.substr(6), nullptr, false);
    }
    if (!said.kind.empty()) events.push_back(std::move(said));
  }
  return events;
}

class LiveHubTest : public ::testing::Test {
 protected:
  LiveHubTest() { test::fill_sample_fleet(fleet); }

  std::vector<Said> read(LiveHub::Listener& listener) {
    std::string out;
    listener.read(out, milliseconds(0));
    return events_of(out);
  }
  void step() { hub.step(now += LiveHub::kTick); }

  Config config;
  Fleet fleet{10};
  std::string problem;
  LiveSource::State alerts{1, 2};
  SteadyTime now = std::chrono::steady_clock::now();
  LiveHub hub{{fleet,
               [this] { return ServerFacts{config, test::sample_time(), test::sample_time(90), problem, "page", {}}; },
               {{"alerts", [this] { return alerts; }}}},
              2,
              false};
};

TEST_F(LiveHubTest, tells_all_once_and_then_only_the_keys_that_changed) {
  auto listener = hub.join();
  ASSERT_TRUE(listener);
  auto first = read(*listener);
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ(first[0].kind, "fleet");
  EXPECT_THAT(first[0].data["nodes"], SizeIs(4));
  EXPECT_EQ(first[0].data["counts"]["up"], 1);
  EXPECT_EQ(first[0].data["badges"]["alerts"], 2);
  EXPECT_EQ(first[0].data["nodes"][0]["health"].count("file_systems"), 0U);

  step();
  EXPECT_THAT(read(*listener), IsEmpty());  // nothing changed
  auto scrape = test::good_scrape(test::sample_time(95));
  scrape.event->cpu_percent = 77;
  fleet.apply("pi1", scrape);
  step();
  const auto change = read(*listener);
  ASSERT_THAT(change, SizeIs(1));
  EXPECT_EQ(change[0].kind, "change");
  ASSERT_THAT(change[0].data["nodes"], SizeIs(1));
  const json& node = change[0].data["nodes"][0];
  EXPECT_EQ(node["name"], "pi1");
  EXPECT_EQ(node["cpu_percent"], 77);
  EXPECT_EQ(node.count("model"), 0U);
  EXPECT_EQ(node.count("memory_percent"), 0U);
  EXPECT_EQ(change[0].data.count("topics"), 0U);
}

TEST_F(LiveHubTest, what_is_told_in_pieces_is_what_is_told_as_a_whole) {
  auto early = hub.join();
  std::map<std::string, json> known;
  const std::vector<Said> first = read(*early);
  ASSERT_THAT(first, SizeIs(1));
  for (const json& node : first[0].data["nodes"]) known[node["name"]] = node;
  const std::vector<std::string> names = {"pi1", "pi2", "pi3", "pi4"};
  for (int i = 0; i < 40; ++i) {
    const std::string& name = names[static_cast<std::size_t>(i * 7 % 4)];
    const WallTime at = test::sample_time(100 + i);
    fleet.apply(name, i % 3 == 0 ? test::bad_scrape(at, ScrapeError::kTimeout, concat("no answer ", i))
                                 : test::good_scrape(at));
    if (i % 2 == 0) step();
  }
  step();
  for (const Said& said : read(*early)) {
    ASSERT_EQ(said.kind, "change");
    for (const json& change : said.data["nodes"]) known[change["name"]].update(change);
  }
  auto late = hub.join();
  const auto whole = read(*late);
  ASSERT_THAT(whole, SizeIs(1));
  for (const json& node : whole[0].data["nodes"]) EXPECT_EQ(known[node["name"]], node);
}

TEST_F(LiveHubTest, tells_all_anew_when_nodes_come_or_the_server_says_something_else_of_itself) {
  auto listener = hub.join();
  (void)read(*listener);
  fleet.set_inventory({test::sample_host("pi9", "10.0.0.19", "b8:27:eb:00:00:09")}, test::sample_time(99));
  step();
  auto said = read(*listener);
  ASSERT_THAT(said, SizeIs(1));
  EXPECT_EQ(said[0].kind, "fleet");
  EXPECT_THAT(said[0].data["nodes"], SizeIs(1));
  problem = "line 3 is broken";
  step();
  said = read(*listener);
  ASSERT_THAT(said, SizeIs(1));
  EXPECT_EQ(said[0].data["hosts_file_problem"], problem);
}

TEST_F(LiveHubTest, topics_count_their_changes) {
  auto listener = hub.join();
  const json before = read(*listener)[0].data["topics"]["alerts"];
  alerts = {7, 3};
  step();
  const auto said = read(*listener);
  ASSERT_THAT(said, SizeIs(1));
  EXPECT_EQ(said[0].data["topics"]["alerts"], before.get<int>() + 1);
  EXPECT_EQ(said[0].data["badges"]["alerts"], 3);
  EXPECT_THAT(said[0].data["nodes"], IsEmpty());
}

TEST_F(LiveHubTest, whoever_comes_back_gets_what_was_missed_and_strangers_get_everything) {
  auto stays = hub.join();
  std::string id;
  {
    auto listener = hub.join();
    id = read(*listener).back().id;
  }
  fleet.apply("pi1", test::good_scrape(test::sample_time(100)));
  step();
  fleet.apply("pi2", test::good_scrape(test::sample_time(101)));
  step();
  auto again = hub.join();
  again->begin_after(id);
  const auto missed = read(*again);
  ASSERT_THAT(missed, SizeIs(2));
  EXPECT_EQ(missed[0].kind, "change");
  EXPECT_EQ(missed[1].data["nodes"][0]["name"], "pi2");

  for (const std::string& strange :
       {std::string("1-1"), std::string("nonsense"), concat(id, "999"), std::string("-")}) {
    again.reset();
    auto other = hub.join();
    other->begin_after(strange);
    const auto all = read(*other);
    ASSERT_THAT(all, SizeIs(1)) << strange;
    EXPECT_EQ(all[0].kind, "fleet") << strange;
  }
}

TEST_F(LiveHubTest, whoever_is_too_slow_gets_everything) {
  auto listener = hub.join();
  (void)read(*listener);
  for (int i = 0; i < 300; ++i) {
    fleet.apply("pi1", test::good_scrape(test::sample_time(100 + i)));
    step();
  }
  const auto all = read(*listener);
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].kind, "fleet");
}

TEST_F(LiveHubTest, something_is_said_every_five_seconds) {
  auto listener = hub.join();
  (void)read(*listener);
  for (int i = 0; i < 12; ++i) step();
  const auto said = read(*listener);
  EXPECT_THAT(said, SizeIs(testing::AllOf(testing::Ge(1U), testing::Le(3U))));
  for (const Said& each : said) EXPECT_EQ(each.data.count("now"), 1U);
}

TEST_F(LiveHubTest, one_more_than_may_be_is_refused) {
  http::Router router;
  add_live_routes(router, hub);
  http::Request request;
  request.method = "GET";
  request.path = "/api/v1/live";
  const auto a = router.dispatch(request);
  auto b = router.dispatch(request);
  ASSERT_TRUE(a.stream && b.stream);
  EXPECT_EQ(hub.listeners(), 2);
  const auto refused = router.dispatch(request);
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.body, HasSubstr("too_many_streams"));
  b.stream.reset();
  EXPECT_EQ(hub.listeners(), 1);
  const auto c = router.dispatch(request);
  ASSERT_TRUE(c.stream);
  std::string out;
  EXPECT_TRUE(c.stream->next(out, milliseconds(0)));
  EXPECT_THAT(out, testing::StartsWith("retry: 2000\n\nevent: fleet\n"));
}

TEST(LiveHub, a_thread_looks_while_somebody_listens) {
  const Config config;
  Fleet fleet(10);
  test::fill_sample_fleet(fleet);
  LiveHub hub(
      {fleet, [&config] { return ServerFacts{config, test::sample_time(), test::sample_time(), {}, {}, {}}; }, {}}, 4);
  auto listener = hub.join();
  std::string out;
  listener->read(out, milliseconds(0));
  out.clear();
  fleet.apply("pi1", test::bad_scrape(test::sample_time(100), ScrapeError::kTimeout, "no answer"));
  for (int i = 0; i < 50 && out.find("no answer") == std::string::npos; ++i) listener->read(out, milliseconds(200));
  EXPECT_THAT(out, HasSubstr("no answer"));
  EXPECT_THAT(out, Not(HasSubstr("event: fleet")));
}

TEST(MostLiveListeners, leaves_threads_for_requests) {
  EXPECT_EQ(most_live_listeners(1), 1);
  EXPECT_EQ(most_live_listeners(64), 32);
  EXPECT_EQ(most_live_listeners(128), 64);
  EXPECT_EQ(most_live_listeners(1024), 64);
}

}  // namespace
}  // namespace piman::manager::api
