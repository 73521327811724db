// SPDX-License-Identifier: Apache-2.0
#include "node-agent/web.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/event.h"
#include "common/text.h"
#include "node-agent/all_collectors.h"
#include "tests/support/temp_tree.h"

namespace piman::agent {
namespace {

using http::Request;
using http::Response;
using test::TempTree;
using testing::HasSubstr;
using testing::Not;

class WebTest : public testing::Test {
 protected:
  WebTest() {
    options_.collectors.paths.procfs = tree_.path() + "/proc";
    options_.collectors.paths.sysfs = tree_.path() + "/sys";
    options_.telemetry_path = "/metrics";
    std::vector<CollectorSet::Named> made;
    for (const CollectorEntry& entry : all_collectors()) {
      if (entry.name != "loadavg" && entry.name != "meminfo") continue;
      made.push_back({std::string(entry.name), *entry.make(options_.collectors)});
    }
    set_ = std::make_unique<CollectorSet>(std::move(made), log_);
    events_ = std::make_unique<EventSource>(options_.collectors.paths, clock_);
    web_ = std::make_unique<Web>(options_, *set_, *events_, log_);
    web_->add_routes(router_);
  }

  Response get(std::string path, std::string query = "", http::Headers headers = {}, std::string method = "GET") {
    Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.query = std::move(query);
    request.headers = std::move(headers);
    return router_.dispatch(request);
  }

  TempTree tree_{{"proc/loadavg", "1 2 3 1/2 3\n"},
                 {"proc/meminfo", "MemTotal: 4 kB\nMemAvailable: 1 kB\n"},
                 {"proc/stat", "cpu 1 2 3 4\n"}};
  Options options_;
  Clock clock_;
  Logger log_{LogLevel::kError};
  http::Router router_;
  std::unique_ptr<CollectorSet> set_;
  std::unique_ptr<EventSource> events_;
  std::unique_ptr<Web> web_;
};

TEST_F(WebTest, MetricsPage) {
  const Response response = get("/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(response.body, HasSubstr("# TYPE node_load1 gauge\nnode_load1 1\n"));
  EXPECT_THAT(response.body, HasSubstr("piman_agent_build_info{version=\""));
  EXPECT_THAT(response.body, HasSubstr("promhttp_metric_handler_requests_total{code=\"200\"} 0\n"));
  EXPECT_THAT(get("/metrics").body, HasSubstr("promhttp_metric_handler_requests_total{code=\"200\"} 1\n"));
}

TEST_F(WebTest, OpenMetricsWhenPreferred) {
  const Response response =
      get("/metrics", "",
          {{"Accept", "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;q=0.5"}});
  EXPECT_EQ(response.content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_TRUE(response.body.ends_with("# EOF\n"));
}

TEST_F(WebTest, GzipWhenAsked) {
  const Response response = get("/metrics", "", {{"Accept-Encoding", "gzip"}});
  EXPECT_THAT(response.headers, testing::Contains(testing::Pair("Content-Encoding", "gzip")));
  EXPECT_EQ(response.body.substr(0, 2), "\x1f\x8b");
}

TEST_F(WebTest, CollectorsByParameter) {
  const std::string body = get("/metrics", "collect[]=loadavg").body;
  EXPECT_THAT(body, HasSubstr("node_load1"));
  EXPECT_THAT(body, Not(HasSubstr("node_memory")));
  EXPECT_THAT(get("/metrics", "exclude%5B%5D=loadavg").body, Not(HasSubstr("node_load1")));
}

TEST_F(WebTest, UnknownCollectorIs400) {
  const Response response = get("/metrics", "collect[]=nonsense");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, "no enabled collector is called \"nonsense\"\n");
  EXPECT_EQ(get("/metrics", "collect[]=loadavg&exclude[]=meminfo").status, 400);
}

TEST_F(WebTest, EventsUnderAllThreeNames) {
  for (const char* path : {"/events", "/event", "/event/"}) {
    const Response response = get(path);
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_EQ(response.content_type, "application/json");
    EXPECT_THAT(response.body, HasSubstr("\"memory_percent\":75"));
  }
}

TEST_F(WebTest, EventsSince) {
  EXPECT_THAT(get("/events").body, Not(HasSubstr("boot_id")));
  tree_.put("proc/uptime", "12.5 40.0\n");
  tree_.put("proc/sys/kernel/random/boot_id", "8f2a7b1c-0000-4000-8000-000000000001\n");
  Web web(options_, *set_, *events_, log_);
  http::Router router;
  web.add_routes(router);
  const auto get_since = [&](std::string query) {
    Request request;
    request.method = "GET";
    request.path = "/events";
    request.query = std::move(query);
    return router.dispatch(request);
  };
  const Response response = get_since("since=0");
  EXPECT_EQ(response.status, 200);
  const auto event = decode_event(response.body);
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_EQ(event->memory_percent, 75);
  EXPECT_EQ(event->boot_id, "8f2a7b1c-0000-4000-8000-000000000001");
  ASSERT_TRUE(event->events && event->events->size() == 1);
  const NotableEvent& boot = event->events->front();
  EXPECT_EQ(boot.kind, "boot");
  EXPECT_NEAR(boot.time, *event->time - 12.5, 5);
  EXPECT_LT(boot.id, std::uint64_t{1} << 53);
  EXPECT_TRUE(decode_event(get_since(concat("since=", boot.id)).body)->events->empty());
  EXPECT_EQ(decode_event(get_since("since=18446744073709551615").body)->events->size(), 1U);
}

TEST_F(WebTest, EventsSinceGarbageIs400) {
  for (const char* query : {"since=", "since=abc", "since=-1", "since=1.5", "since=1e3", "since=18446744073709551616",
                            "since=1&since=2", "since=%00", "since"}) {
    const Response response = get("/events", query);
    EXPECT_EQ(response.status, 400) << query;
    EXPECT_THAT(response.body, testing::StartsWith("since: ")) << query;
  }
}

TEST_F(WebTest, WrongPathAndWrongMethod) {
  EXPECT_EQ(get("/nothing").status, 404);
  EXPECT_EQ(get("/metrics/x").status, 404);
  const Response response = get("/metrics", "", {}, "POST");
  EXPECT_EQ(response.status, 405);
  EXPECT_THAT(response.headers, testing::Contains(testing::Pair("Allow", "GET, HEAD")));
  EXPECT_EQ(get("/healthz", "", {}, "HEAD").status, 200);
}

TEST_F(WebTest, TheFrontPageSaysWhatThisIs) { EXPECT_THAT(get("/").body, HasSubstr("piman node agent")); }

}  // namespace
}  // namespace piman::agent
