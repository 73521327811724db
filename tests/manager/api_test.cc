// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/gzip.h"
#include "common/text.h"
#include "manager/api/json.h"
#include "manager/api/negotiate.h"
#include "manager/api/node_page.h"
#include "manager/api/routes.h"
#include "manager/api/thinned_history.h"
#include "manager/targets_command.h"
#include "manager/web/assets.h"
#include "tests/manager/sample_fleet.h"
#include "tests/support/golden.h"

namespace piman::manager {
namespace {

using http::Response;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;

std::string header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (equals_ignoring_case(key, name)) return value;
  }
  return {};
}

class Api : public ::testing::Test {
 protected:
  Api() {
    add_routes(router_, ApiContext{config_,
                                   fleet_,
                                   self_metrics_,
                                   [this] { return ready_.load(); },
                                   log_,
                                   test::sample_time(),
                                   {},
                                   [](const Host& host, std::string_view label) {
                                     return host.name == "pi2" && label == "group" ? std::string("kiosk")
                                                                                   : std::string();
                                   }});
  }

  Response get(const std::string& target, http::Headers headers = {}, const std::string& method = "GET") const {
    http::Request request;
    request.method = method;
    request.path = target.substr(0, target.find('?'));
    if (target.find('?') != std::string::npos) request.query = target.substr(target.find('?') + 1);
    request.headers = std::move(headers);
    return router_.dispatch(request);
  }
  json data(const std::string& target) const {
    const Response response = get(target);
    EXPECT_EQ(response.status, 200) << target;
    EXPECT_EQ(response.content_type, "application/json") << target;
    json answer = json::parse(response.body, nullptr, false);
    EXPECT_EQ(answer.value("status", ""), "success") << target;
    return answer.value("data", json());
  }

  static Config lab() {
    Config config;
    config.site = "lab";
    config.inventory.hosts_file = "/etc/piman/hosts.csv";
    config.links.prometheus = "http://127.0.0.1:9090/";
    return config;
  }

  const Config config_ = lab();
  Fleet fleet_{100};
  SelfMetrics self_metrics_{config_, test::sample_time()};
  std::atomic<bool> ready_ = true;
  Logger log_{LogLevel::kError, LogFormat::kLogfmt, [](std::string_view) {}};
  http::Router router_;
};

TEST_F(Api, nodes_say_what_is_known_and_null_for_the_rest) {
  test::fill_sample_fleet(fleet_);
  const json answer = data("/api/v1/nodes");
  EXPECT_EQ(answer["site"], "lab");
  EXPECT_EQ(answer["counts"].size(), kPhaseCount);
  for (const auto& [phase, count] : answer["counts"].items()) {
    const bool is_in_sample = phase == "up" || phase == "down" || phase == "agent-down" || phase == "pending";
    EXPECT_EQ(count, is_in_sample ? 1 : 0) << phase;
  }
  ASSERT_EQ(answer["nodes"].size(), 4U);
  const json& up = answer["nodes"][0];
  EXPECT_EQ(up["phase"], "up");
  EXPECT_EQ(up["uptime_seconds"], 10090.0);
  EXPECT_EQ(up["last_error"], nullptr);
  EXPECT_FALSE(up.contains("history"));
  const json& down = answer["nodes"][1];
  EXPECT_EQ(down["last_error"], json({{"kind", "timeout"}, {"message", "no answer within 5 s"}}));
  EXPECT_EQ(down["cpu_percent"], 12.5);
  const json& pending = answer["nodes"][3];
  for (const char* key : {"last_seen", "model", "cpu_percent", "temperature_celsius", "scrape", "last_error"}) {
    EXPECT_EQ(pending.at(key), nullptr) << key;
  }
}

TEST_F(Api, nodes_can_be_chosen) {
  test::fill_sample_fleet(fleet_);
  const auto names = [&](const std::string& query) {
    std::vector<std::string> out;
    const json answer = data("/api/v1/nodes?" + query);
    for (const json& node : answer["nodes"]) out.push_back(node["name"]);
    return out;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names("node=pi3&node=11"), (Names{"pi1", "pi3"}));
  EXPECT_EQ(names("node=12-14"), (Names{"pi2", "pi3", "pi4"}));
  EXPECT_EQ(names("node=phase%3Dagent-down"), Names{"pi3"});
  EXPECT_EQ(names("node=stuck%3Dfalse").size(), 4U);
  EXPECT_EQ(names("node=group%3Dkiosk"), Names{"pi2"});
  EXPECT_EQ(data("/api/v1/nodes?node=pi1")["counts"]["down"], 0);
  const Response wrong = get("/api/v1/nodes?node=pi1&node=pi9&node=image%3Dx");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_THAT(wrong.body, AllOf(HasSubstr("no node is called so"), HasSubstr("no node has this label")));
}

TEST_F(Api, a_node_has_its_last_phases_and_how_long_they_took) {
  fleet_.set_inventory({test::sample_host("pi1", "10.0.0.11", "b8:27:eb:00:00:01")}, test::sample_time());
  fleet_.note_power("pi1", {false}, test::sample_time(10));
  fleet_.note_install("pi1", {InstallFact::Step::kDownloading, 48U, "at \"8 MB/s\""}, test::sample_time(15));
  const json node = data("/api/v1/nodes/pi1");
  EXPECT_EQ(node["phase"], "downloading");
  EXPECT_EQ(node["phase_percent"], 48);
  EXPECT_EQ(node["phase_detail"], "at \"8 MB/s\"");
  EXPECT_EQ(node["stuck"], false);
  ASSERT_EQ(node["phases"].size(), 3U);
  EXPECT_EQ(node["phases"][0], json({{"phase", "pending"}, {"since", 1.7e9}, {"seconds", 10.0}}));
  EXPECT_EQ(node["phases"][1], json({{"phase", "off"}, {"since", 1.7e9 + 10}, {"seconds", 5.0}}));
  EXPECT_GT(node["phases"][2]["seconds"], 1.0);
  const auto view = api::parse_node_json(get("/api/v1/nodes/pi1").body);
  ASSERT_TRUE(view) << view.error().message;
  EXPECT_EQ(view->node.phase, "downloading");
  EXPECT_EQ(view->node.phase_percent, 48);
  EXPECT_EQ(view->phases.size(), 3U);
  EXPECT_EQ(view->phases[1].seconds, 5);
  EXPECT_FALSE(api::parse_node_json(get("/api/v1/nodes").body));
  EXPECT_FALSE(api::parse_node_json(get("/api/v1/nodes/pi2").body));
  // It is not scraped yet, but what its page would be is no secret.
  const Response page = get("/nodes/pi1/metrics");
  EXPECT_EQ(page.status, 503);
  EXPECT_EQ(page.body, "node pi1 was not scraped yet\n");
}

// The page's tests and its demo serve this very file: a change of the form is seen by both.
TEST_F(Api, nodes_have_the_form_that_the_page_reads) {
  test::fill_sample_fleet(fleet_);
  const api::ServerFacts facts{config_, test::sample_time(), test::sample_time(100), "", "0123456789abcdef"};
  auto answer = nlohmann::ordered_json::parse(
      api::nodes_json(*fleet_.snapshot(), facts, [this](std::string_view name) { return fleet_.history(name); }));
  answer["data"]["piman_version"] = "1.2.3";
  piman::test::expect_golden("manager/nodes.json", answer.dump(2) + '\n');
}

TEST_F(Api, an_unchanged_fleet_is_not_sent_again) {
  test::fill_sample_fleet(fleet_);
  const Response first = get("/api/v1/nodes");
  const std::string etag = header(first, "ETag");
  ASSERT_THAT(etag, StartsWith("W/\""));
  const Response second = get("/api/v1/nodes", {{"If-None-Match", etag}});
  EXPECT_EQ(second.status, 304);
  EXPECT_TRUE(second.body.empty());
  EXPECT_EQ(get("/api/v1/nodes?history=5", {{"If-None-Match", etag}}).status, 200);
  fleet_.apply("pi1", test::good_scrape(test::sample_time(105)));
  EXPECT_EQ(get("/api/v1/nodes", {{"If-None-Match", etag}}).status, 200);
}

TEST_F(Api, history_comes_in_columns_and_thinned) {
  fleet_.set_inventory({test::sample_host("pi1", "10.0.0.11", "b8:27:eb:00:00:01")}, test::sample_time());
  for (int i = 0; i < 40; ++i) {
    ScrapeResult scrape = test::good_scrape(test::sample_time(15.0 * i));
    scrape.event->cpu_percent = i % 2 == 0 ? 10 : 30;
    fleet_.apply("pi1", scrape);
  }
  const json history = data("/api/v1/nodes?history=10")["nodes"][0]["history"];
  EXPECT_EQ(history["at"].size(), 10U);
  EXPECT_EQ(history["cpu_percent"], json(std::vector<double>(10, 20.0)));
  EXPECT_EQ(history["at"].back(), 1.7e9 + 15 * 39);
  EXPECT_EQ(data("/api/v1/nodes/pi1/history")["history"]["at"].size(), 40U);
  EXPECT_EQ(data("/api/v1/nodes/pi1")["name"], "pi1");
  EXPECT_EQ(data("/api/v1/nodes/pi1?history=3")["history"]["at"].size(), 3U);
}

TEST_F(Api, wrong_parameters_and_unknown_nodes_are_errors_in_words) {
  test::fill_sample_fleet(fleet_);
  for (const char* target : {"/api/v1/nodes?history=-1", "/api/v1/nodes?history=x", "/api/v1/nodes?history=999999",
                             "/api/v1/nodes/pi1?history=", "/api/v1/nodes/pi1/history?history=1.5"}) {
    const Response response = get(target);
    EXPECT_EQ(response.status, 400) << target;
    EXPECT_EQ(json::parse(response.body)["errorType"], "bad_data") << target;
  }
  for (const char* target : {"/api/v1/nodes/pi99", "/api/v1/nodes/pi99/history"}) {
    const Response response = get(target);
    EXPECT_EQ(response.status, 404) << target;
    const json answer = json::parse(response.body);
    EXPECT_EQ(answer["status"], "error");
    EXPECT_EQ(answer["errorType"], "not_found");
    EXPECT_THAT(answer["error"].get<std::string>(), HasSubstr("pi99"));
  }
  EXPECT_EQ(get("/api/v1/nothing").status, 404);
  const Response post = get("/api/v1/nodes", {}, "POST");
  EXPECT_EQ(post.status, 405);
  EXPECT_EQ(header(post, "Allow"), "GET, HEAD");
}

TEST_F(Api, bytes_that_are_not_text_do_not_break_an_answer) {
  test::fill_sample_fleet(fleet_);
  ScrapeResult odd = test::good_scrape(test::sample_time(91));
  odd.model = "\xff\xfe<script>";
  odd.event->cpu_percent = std::numeric_limits<double>::quiet_NaN();
  fleet_.apply("pi1", odd);
  const json node = data("/api/v1/nodes/pi1");
  EXPECT_THAT(node["model"].get<std::string>(), HasSubstr("<script>"));
  EXPECT_EQ(node["cpu_percent"], nullptr);
}

TEST_F(Api, targets_look_like_prometheus_own) {
  test::fill_sample_fleet(fleet_);
  const json targets = data("/api/v1/targets")["activeTargets"];
  ASSERT_EQ(targets.size(), 4U);
  EXPECT_EQ(targets[0]["health"], "up");
  EXPECT_EQ(targets[0]["scrapeUrl"], "http://10.0.0.11:3000/metrics");
  EXPECT_EQ(targets[0]["lastScrape"], "2023-11-14T22:14:50Z");
  EXPECT_EQ(targets[1]["health"], "down");
  EXPECT_EQ(targets[1]["lastError"], "no answer within 5 s");
  EXPECT_EQ(targets[3]["health"], "unknown");
  EXPECT_EQ(targets[0]["facts"]["up"], 1);
  EXPECT_EQ(targets[0]["facts"]["error_class"], "none");
  EXPECT_EQ(targets[1]["facts"]["error_class"], "timeout");
  EXPECT_EQ(targets[1]["facts"]["up"], 0);
  EXPECT_EQ(targets[3]["facts"]["scrape_duration_seconds"], nullptr);

  auto views = api::parse_targets_json(get("/api/v1/targets").body);
  ASSERT_TRUE(views) << views.error().message;
  const std::string table = render_targets(*views, test::sample_time(100), false);
  EXPECT_THAT(table, StartsWith("1 of 4 targets up\n"));
  EXPECT_THAT(table, HasSubstr("timeout  no answer within 5 s"));
  EXPECT_LT(table.find("pi2"), table.find("pi1"));  // what is wrong stands first
  EXPECT_FALSE(api::parse_targets_json("{\"status\":\"success\",\"data\":{\"activeTargets\":[1]}}"));
  EXPECT_EQ(targets[3]["lastScrape"], "0001-01-01T00:00:00Z");
}

TEST_F(Api, service_discovery_is_a_bare_array_even_when_empty) {
  const Response empty = get("/api/v1/sd", {{"Host", "manager:8080"}});
  EXPECT_EQ(empty.status, 200);
  EXPECT_EQ(empty.content_type, "application/json");
  EXPECT_EQ(json::parse(empty.body), json::array());
  test::fill_sample_fleet(fleet_);
  const json groups = json::parse(get("/api/v1/sd", {{"Host", "manager:8080"}}).body);
  ASSERT_EQ(groups.size(), 4U);
  ASSERT_EQ(groups[0]["targets"].size(), 1U);
  EXPECT_EQ(groups[0]["labels"]["node"], "pi1");
  EXPECT_EQ(groups[0]["labels"]["site"], "lab");
  EXPECT_EQ(groups[0]["labels"]["__metrics_path__"], "/nodes/pi1/metrics");
}

TEST_F(Api, a_nodes_page_is_passed_on_only_while_it_is_true) {
  test::fill_sample_fleet(fleet_, std::chrono::system_clock::now());
  const Response up = get("/nodes/pi1/metrics");
  EXPECT_EQ(up.status, 200);
  EXPECT_EQ(up.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(up.body, *test::good_scrape({}).page);
  EXPECT_EQ(header(up, "Age"), "0");

  const Response down = get("/nodes/pi2/metrics");
  EXPECT_EQ(down.status, 503);
  EXPECT_THAT(down.body, AllOf(HasSubstr("pi2"), HasSubstr("no answer within 5 s")));
  EXPECT_EQ(get("/nodes/pi3/metrics").status, 503);
  EXPECT_EQ(get("/nodes/pi4/metrics").status, 503);
  EXPECT_EQ(get("/nodes/pi99/metrics").status, 404);

  // A scraper that hangs must not look like values that stand still.
  fleet_.apply("pi1", test::good_scrape(std::chrono::system_clock::now() - std::chrono::minutes(2)));
  EXPECT_EQ(get("/nodes/pi1/metrics").status, 503);
}

TEST_F(Api, a_compressed_page_is_passed_on_as_it_came_to_who_wants_it_so) {
  test::fill_sample_fleet(fleet_, std::chrono::system_clock::now());
  ScrapeResult scrape = test::good_scrape(std::chrono::system_clock::now());
  const std::string plain = *scrape.page;
  std::string packed;
  GzipCompressor().compress(plain, packed);
  scrape.page = std::make_shared<const std::string>(packed);
  scrape.page_is_gzip = true;
  fleet_.apply("pi1", scrape);
  const Response gzip = get("/nodes/pi1/metrics", {{"Accept-Encoding", "gzip, br"}});
  EXPECT_EQ(gzip.body, packed);
  EXPECT_EQ(header(gzip, "Content-Encoding"), "gzip");
  const Response text = get("/nodes/pi1/metrics");
  EXPECT_EQ(text.body, plain);
  EXPECT_EQ(header(text, "Content-Encoding"), "");
  EXPECT_EQ(header(text, "Vary"), "Accept-Encoding");
}

TEST_F(Api, an_old_page_is_renewed_and_that_of_a_dead_node_is_not) {
  test::fill_sample_fleet(fleet_, std::chrono::system_clock::now());
  std::vector<std::string> asked;
  const api::ScrapeNow scrape_now = [&](const std::string& name, std::chrono::milliseconds) {
    asked.push_back(name);
    ScrapeResult scrape = test::good_scrape(std::chrono::system_clock::now());
    scrape.page = std::make_shared<const std::string>("fresh 1\n");
    fleet_.apply(name, scrape);
    return true;
  };
  const auto page = [&](const std::string& name) {
    http::Request request;
    request.path_parameters = {{"name", name}};
    return api::node_page(request, fleet_, config_, scrape_now);
  };
  EXPECT_NE(page("pi1").body, "fresh 1\n");
  EXPECT_EQ(page("pi2").status, 503);
  EXPECT_EQ(page("pi3").status, 503);
  EXPECT_TRUE(asked.empty());
  EXPECT_EQ(page("pi4").body, "fresh 1\n");  // not scraped yet
  fleet_.apply("pi1", test::good_scrape(std::chrono::system_clock::now() - config_.scrape.interval * 2));
  EXPECT_EQ(page("pi1").body, "fresh 1\n");
  EXPECT_EQ(asked, (std::vector<std::string>{"pi4", "pi1"}));
}

TEST_F(Api, a_nodes_page_is_passed_on_as_what_it_is) {
  test::fill_sample_fleet(fleet_, std::chrono::system_clock::now());
  ScrapeResult scrape = test::good_scrape(std::chrono::system_clock::now());
  scrape.page_content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
  fleet_.apply("pi1", scrape);
  EXPECT_EQ(get("/nodes/pi1/metrics").content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  scrape.page_content_type = "text/html\r\nX-Evil: 1";
  fleet_.apply("pi1", scrape);
  EXPECT_EQ(get("/nodes/pi1/metrics").content_type, "text/plain; version=0.0.4; charset=utf-8");
}

TEST_F(Api, own_metrics_come_in_the_format_that_is_asked_for) {
  test::fill_sample_fleet(fleet_);
  const Response text = get("/metrics");
  EXPECT_EQ(text.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(text.body, AllOf(HasSubstr("piman_node_up{node=\"pi1\",site=\"lab\"} 1\n"), Not(HasSubstr("# EOF"))));
  const Response open = get("/metrics", {{"Accept", "application/openmetrics-text;version=1.0.0,*/*;q=0.1"}});
  EXPECT_THAT(open.content_type, StartsWith("application/openmetrics-text"));
  EXPECT_TRUE(open.body.ends_with("# EOF\n"));
}

TEST_F(Api, health_and_readiness) {
  ready_ = false;
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(get("/readyz").status, 503);
  ready_ = true;
  EXPECT_EQ(get("/readyz").status, 200);
  EXPECT_EQ(get("/readyz", {}, "HEAD").status, 200);
  EXPECT_EQ(get("/readyz", {}, "DELETE").status, 405);
}

TEST_F(Api, the_page_is_guarded_and_its_files_are_cached_for_ever) {
  const Response page = get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(header(page, "Content-Security-Policy"),
              AllOf(HasSubstr("default-src 'self'"), HasSubstr("frame-ancestors 'none'"), Not(HasSubstr("unsafe"))));
  EXPECT_EQ(header(page, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(header(page, "Cache-Control"), "no-cache");
  EXPECT_EQ(get("/", {{"If-None-Match", header(page, "ETag")}}).status, 304);
  EXPECT_THAT(page.body, Not(HasSubstr("@PIMAN_ASSETS@")));

  // Every file that the page names is there.
  const std::string prefix = concat("assets/", web::bundle(), '/');
  std::size_t found = 0;
  for (std::size_t at = page.body.find(prefix); at != std::string::npos; at = page.body.find(prefix, at + 1)) {
    const std::string target = '/' + page.body.substr(at, page.body.find('"', at) - at);
    const Response file = get(target);
    EXPECT_EQ(file.status, 200) << target;
    EXPECT_THAT(header(file, "Cache-Control"), HasSubstr("immutable"));
    ++found;
  }
  EXPECT_GT(found, 5U);
  EXPECT_EQ(get("/assets/0000000000000000/app.js").status, 404);
  EXPECT_EQ(get(concat("/assets/", web::bundle(), "/nothing.js")).status, 404);
  EXPECT_EQ(get("/favicon.ico").content_type, "image/svg+xml");
}

TEST_F(Api, files_go_compressed_to_who_takes_that) {
  const std::string target = concat("/assets/", web::bundle(), "/style.css");
  const Response plain = get(target);
  const Response gzip = get(target, {{"Accept-Encoding", "gzip, br"}});
  EXPECT_THAT(plain.headers, Not(Contains(Key("Content-Encoding"))));
  EXPECT_THAT(gzip.headers, Contains(Pair("Content-Encoding", "gzip")));
  EXPECT_THAT(gzip.body, StartsWith("\x1f\x8b"));
  EXPECT_LT(gzip.body.size(), plain.body.size() / 2);
  EXPECT_NE(header(plain, "ETag"), header(gzip, "ETag"));
  EXPECT_EQ(plain.body, web::find_asset("style.css")->plain);
}

TEST(Assets, the_whole_page_is_small) {
  std::size_t bytes = 0;
  for (const web::Asset& asset : web::assets()) bytes += asset.gzip.size();
  EXPECT_LT(bytes, 150U * 1024);
}

}  // namespace
}  // namespace piman::manager
