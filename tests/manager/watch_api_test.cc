// SPDX-License-Identifier: Apache-2.0
// Alerts, silences and the watchdog's signal: the watcher over a real store, its routes called as functions.
#include "manager/api/watch_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/text.h"
#include "manager/api/watch_json.h"
#include "manager/watch_service.h"
#include "tests/manager/sample_fleet.h"
#include "tests/support/temp_tree.h"

namespace piman::manager {
namespace {

using piman::test::TempTree;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using namespace test;

constexpr const char* kToken = "0123456789abcdef";
constexpr const char* kSignal = R"({"alerts":[{"status":"firing","labels":{"alertname":"Watchdog"}}]})";

class WatchApiTest : public ::testing::Test {
 protected:
  WatchApiTest() {
    EXPECT_EQ(::chmod(tree.path("token").c_str(), 0600), 0);
    config.site = "lab";
    config.web.token_file = tree.path("token");
    config.store.folder = tree.path("state");
    config.watch.resolve_after = milliseconds(0);
    for (watch::Rule& rule : config.watch.rules) rule.hold = milliseconds(0);
    fill_sample_fleet(fleet);
  }

  void start(bool with_store = true) {
    if (with_store) {
      StoreSettings settings;
      settings.folder = config.store.folder;
      store = std::move(*Store::open(settings, log));
    }
    auto started = WatchService::start(config, fleet, store.get(), log);
    ASSERT_TRUE(started) << started.error().message;
    service = std::move(*started);
    router = std::make_unique<http::Router>();
    service->add_routes(*router);
  }
  void stop() {
    router.reset();
    service.reset();
    store.reset();
  }

  static http::Request request(std::string method, std::string path, std::string body = {}) {
    http::Request made;
    made.method = std::move(method);
    made.path = std::move(path);
    made.body = std::move(body);
    made.remote_address = "127.0.0.1";
    made.headers = {{"Host", "127.0.0.1:8080"}, {"Content-Type", "application/json"}};
    return made;
  }
  static http::Request with_token(http::Request made, const char* token = kToken) {
    made.headers.emplace_back("Authorization", concat("Bearer ", token));
    return made;
  }
  http::Response ask(http::Request made) const { return router->dispatch(made); }
  http::Response get(const std::string& path, const std::string& query = {}) {
    http::Request made = request("GET", path);
    made.query = query;
    return ask(made);
  }
  int signal(const std::function<void(http::Request&)>& change = [](http::Request&) {}) {
    http::Request made = request("POST", "/api/v1/watchdog", kSignal);
    change(made);
    return ask(made).status;
  }
  /// Looks again until it is so: the watcher looks once a second.
  bool comes_to(const std::function<bool()>& is_so) {
    for (int i = 0; i < 500; ++i) {
      if (is_so()) return true;
      std::this_thread::sleep_for(milliseconds(20));
    }
    return false;
  }
  std::vector<std::string> firing() {
    std::vector<std::string> words;
    const auto list = api::parse_alerts_json(get("/api/v1/alerts", "state=firing").body);
    if (!list) return words;
    for (const auto& each : list->alerts) {
      words.push_back(concat(each.node, ".", each.condition, each.silenced ? "(silenced)" : ""));
    }
    return words;
  }
  std::string metrics() const {
    prom_text::Writer writer(prom_text::Format::kText);
    service->write_metrics(writer);
    writer.finish();
    return writer.text();
  }

  const TempTree tree{{"token", std::string(kToken) + "\n"}};
  std::string logged;
  Logger log{LogLevel::kDebug, LogFormat::kLogfmt, [this](std::string_view line) { logged += concat(line, "\n"); }};
  Config config;
  Fleet fleet{10};
  std::unique_ptr<Store> store;
  std::unique_ptr<WatchService> service;
  std::unique_ptr<http::Router> router;
};

TEST_F(WatchApiTest, WhatIsWrongIsListedWithItsState) {
  start();
  ASSERT_TRUE(comes_to([&] { return firing().size() == 2; }));
  EXPECT_THAT(firing(), ElementsAre("pi2.node_down", "pi3.agent_down"));
  EXPECT_THAT(get("/api/v1/alerts").body, HasSubstr(R"("alertname":"NodeDown")"));
  EXPECT_EQ(get("/api/v1/alerts", "state=odd").status, 400);
  fleet.apply("pi2", good_scrape(sample_time(200)));
  ASSERT_TRUE(comes_to([&] { return firing().size() == 1; }));
  EXPECT_THAT(get("/api/v1/alerts", "state=resolved").body, HasSubstr("NodeDown"));
}

TEST_F(WatchApiTest, ANodeThatIsStuckAlerts) {
  start();
  const WallTime begin = sample_time(1000);
  fleet.note_boot("pi4", {begin, BootFact::Reached::kLoading, "3 of 30 MB of kernel8.img"}, begin);
  fleet.apply("pi4", bad_scrape(begin + seconds(250), ScrapeError::kTimeout, "no answer"));
  ASSERT_TRUE(comes_to([&] { return firing().size() == 2; }));
  EXPECT_THAT(firing(), Not(::testing::Contains("pi4.node_down")));
  fleet.note_boot("pi4", {begin, BootFact::Reached::kLoading, "3 of 30 MB of kernel8.img"}, begin + seconds(280));
  fleet.apply("pi4", bad_scrape(begin + seconds(301), ScrapeError::kTimeout, "no answer"));
  ASSERT_TRUE(comes_to([&] { return firing().size() == 3; }));
  EXPECT_THAT(get("/api/v1/alerts").body, HasSubstr("stuck in the phase loading: 3 of 30 MB of kernel8.img"));
}

TEST_F(WatchApiTest, SilencesNeedTheTokenAndSurvive) {
  start();
  const std::string body = R"({"nodes":["pi2"],"seconds":3600,"why":"summer"})";
  EXPECT_EQ(ask(request("POST", "/api/v1/silences", body)).status, 401);
  EXPECT_EQ(ask(with_token(request("POST", "/api/v1/silences", body), "wrong")).status, 401);
  const http::Response made = ask(with_token(request("POST", "/api/v1/silences", body)));
  ASSERT_EQ(made.status, 201) << made.body;
  const auto silences = api::parse_silences_json(made.body);
  ASSERT_TRUE(silences && silences->size() == 1);
  EXPECT_EQ(silences->front().why, "summer");
  ASSERT_TRUE(comes_to([&] { return firing().size() == 2; }));
  EXPECT_THAT(firing(), ElementsAre("pi2.node_down(silenced)", "pi3.agent_down"));
  stop();
  start();
  EXPECT_THAT(*api::parse_silences_json(get("/api/v1/silences").body), SizeIs(1));
  EXPECT_THAT(firing(), ElementsAre("pi2.node_down(silenced)", "pi3.agent_down")) << "at once, before the first look";
  const std::string path = concat("/api/v1/silences/", silences->front().id);
  EXPECT_EQ(ask(request("DELETE", path)).status, 401);
  EXPECT_EQ(ask(with_token(request("DELETE", "/api/v1/silences/99"))).status, 404);
  EXPECT_EQ(ask(with_token(request("DELETE", "/api/v1/silences/x"))).status, 404);
  EXPECT_EQ(ask(with_token(request("DELETE", path))).status, 200);
  EXPECT_THAT(*api::parse_silences_json(get("/api/v1/silences").body), IsEmpty());
}

TEST_F(WatchApiTest, SilencesThatCanNotBeAreRefused) {
  start();
  for (const char* body :
       {"", "[]", R"({"nodes":[],"seconds":60})", R"({"nodes":["pi2"]})", R"({"nodes":["pi2"],"seconds":0})",
        R"({"nodes":["pi2"],"seconds":-5})", R"({"nodes":["pi2"],"seconds":1e300})",
        R"({"nodes":["pi99"],"seconds":60})", R"({"nodes":["pi2"],"seconds":"60"})", R"({"nodes":"pi2","seconds":60})",
        R"({"nodes":["pi2"],"seconds":60,"conditions":["levitation"]})", R"({"nodes":["pi2"],"seconds":60,"odd":1})"}) {
    EXPECT_EQ(ask(with_token(request("POST", "/api/v1/silences", body))).status, 400) << body;
  }
  EXPECT_THAT(*api::parse_silences_json(get("/api/v1/silences").body), IsEmpty());
}

TEST_F(WatchApiTest, ATestNeedsSomebodyWhoIsTold) {
  start();
  EXPECT_EQ(ask(request("POST", "/api/v1/alerts/test", "{}")).status, 401);
  const http::Response answer = ask(with_token(request("POST", "/api/v1/alerts/test", "{}")));
  EXPECT_EQ(answer.status, 409);
  EXPECT_THAT(answer.body, HasSubstr("watch.slack_url_file"));
}

TEST_F(WatchApiTest, AStrangerCanNotKeepTheWatchdogQuiet) {
  start();
  const auto header = [](const char* name, const char* value) {
    return [name, value](http::Request& made) { made.headers.emplace_back(name, value); };
  };
  EXPECT_EQ(signal(), 200) << "an Alertmanager on this machine";
  EXPECT_EQ(signal([](auto& made) { made.remote_address = "::1"; }), 200);
  EXPECT_EQ(signal([](auto& made) { made.remote_address = "10.0.0.66"; }), 401);
  EXPECT_EQ(signal([](auto& made) { made.remote_address = "fe80::1"; }), 401);
  EXPECT_EQ(signal([](auto& made) {
              made.remote_address = "10.0.0.66";
              made = with_token(made, "guessed");
            }),
            401);
  EXPECT_EQ(signal([](auto& made) { made = with_token(made, "guessed"); }), 401)
      << "who gives a token wants it checked";
  EXPECT_EQ(signal([](auto& made) {
              made.remote_address = "10.0.0.66";
              made.headers[0].second = "manager:8080";
              made = with_token(made);
            }),
            200)
      << "an Alertmanager on another machine";
  for (const char* name : {"X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"}) {
    EXPECT_EQ(signal(header(name, "10.0.0.66")), 401) << "a proxy on this machine: " << name;
  }
  EXPECT_EQ(signal(header("Origin", "http://evil.example")), 401) << "a page in a browser on this machine";
  EXPECT_EQ(signal(header("Sec-Fetch-Site", "cross-site")), 401);
  EXPECT_EQ(signal([](auto& made) { made.headers[0].second = "evil.example"; }), 401) << "DNS rebinding";
  EXPECT_EQ(signal([](auto& made) { made.headers[1].second = "text/plain"; }), 415);
  EXPECT_EQ(signal([](auto& made) { made.body = "{}"; }), 400);
}

TEST_F(WatchApiTest, TheWatchdogFiresWhenTheSignalStaysAwayAndEndsWhenItComes) {
  config.watch.watchdog_timeout = milliseconds(300);
  start();
  EXPECT_THAT(metrics(), Not(HasSubstr("piman_watchdog_last_timestamp_seconds ")));
  ASSERT_TRUE(comes_to([&] { return firing().size() == 3; }));
  EXPECT_THAT(firing(), ::testing::Contains(".watchdog"));
  http::Request ended = request("POST", "/api/v1/watchdog", kSignal);
  ended.body = R"({"alerts":[{"status":"resolved","labels":{"alertname":"Watchdog"}}]})";
  EXPECT_THAT(ask(ended).body, HasSubstr("no Watchdog"));
  EXPECT_THAT(metrics(), Not(HasSubstr("piman_watchdog_last_timestamp_seconds ")));
  ASSERT_TRUE(comes_to([&] { return signal() == 200 && firing().size() == 2; }));
  EXPECT_THAT(metrics(), HasSubstr("piman_watchdog_last_timestamp_seconds "));
}

TEST_F(WatchApiTest, WithoutAStoreItWatchesInMemory) {
  config.web.token_file.clear();
  config.store.folder = "/dev/null/state";
  EXPECT_FALSE(check_store_folder(config.store.folder));
  start(false);
  ASSERT_TRUE(comes_to([&] { return firing().size() == 2; }));
  const http::Response refused =
      ask(with_token(request("POST", "/api/v1/silences", R"({"nodes":["pi2"],"seconds":3600})"), ""));
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("web.token_file"));
  EXPECT_EQ(signal(), 200);
  EXPECT_EQ(signal([](auto& made) { made.remote_address = "10.0.0.66"; }), 401);
}

TEST_F(WatchApiTest, WithoutAStoreButWithATokenSilencesWork) {
  start(false);
  EXPECT_EQ(ask(with_token(request("POST", "/api/v1/silences", R"({"nodes":["all"],"seconds":3600})"))).status, 201);
  ASSERT_TRUE(comes_to([&] { return firing().size() == 2; }));
  EXPECT_THAT(firing(), ElementsAre("pi2.node_down(silenced)", "pi3.agent_down(silenced)"));
  EXPECT_THAT(metrics(), HasSubstr("piman_alerts_silenced 2\n"));
}

TEST_F(WatchApiTest, AFolderThatCanBeUsedSaysSo) {
  EXPECT_TRUE(check_store_folder(config.store.folder));
  start();
  EXPECT_TRUE(check_store_folder(config.store.folder)) << "also while it is used";
}

TEST(WatchOff, TheRoutesSayThatNothingIsWatched) {
  http::Router router;
  add_routes_without_watch(router);
  http::Request request;
  request.method = "GET";
  request.path = "/api/v1/alerts";
  const http::Response answer = router.dispatch(request);
  EXPECT_EQ(answer.status, 404);
  EXPECT_THAT(answer.body, HasSubstr("watch_off"));
}

}  // namespace
}  // namespace piman::manager
