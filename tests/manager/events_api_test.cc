// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/text.h"
#include "manager/api/event_json.h"
#include "manager/api/event_routes.h"
#include "tests/common/http_fixture.h"
#include "tests/support/tcp_client.h"

/// The journal over HTTP; streams over a real connection.
namespace piman::manager {
namespace {

using http::Response;
using nlohmann::json;
using piman::test::TcpClient;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class EventsApi : public http::HttpFixture {
 protected:
  EventsApi() {
    for (int i = 1; i <= 3; ++i) add(i);
  }
  ~EventsApi() override { server_.reset(); }  // before the journal that its streams wait for
  void routes(int threads = 16, milliseconds heartbeat = kHeartbeat) {
    add_event_routes(router_, journal, threads, heartbeat);
    options_.threads = threads;
    start();
  }
  void add(int number, std::string kind = "phase", std::string node = "pi1") {
    JournalEntry entry{1'700'000'000'000 + number, std::move(kind), std::move(node), concat("text ", number), {}};
    if (number % 2 == 0) entry.data = {{"who", "anna"}};
    journal.append(std::move(entry));
  }
  Response get(const std::string& target, http::Headers headers = {}) const {
    http::Request request;
    request.method = "GET";
    request.path = target.substr(0, target.find('?'));
    if (target.find('?') != std::string::npos) request.query = target.substr(target.find('?') + 1);
    request.headers = std::move(headers);
    return router_.dispatch(request);
  }
  std::unique_ptr<TcpClient> follow(const std::string& query = {}, const std::string& headers = {}) const {
    auto client = std::make_unique<TcpClient>(port());
    client->send(concat("GET /api/v1/events/stream", query, " HTTP/1.1\r\nHost: x\r\n", headers, "\r\n"));
    return client;
  }
  /// What comes until `text` is there; empty when it does not come.
  static std::string until(TcpClient& client, std::string_view text) {
    return client.receive_until(text, milliseconds(10'000));
  }

  Journal journal{{}, 0, nullptr};
};

TEST_F(EventsApi, lists_the_newest_and_what_came_after) {
  routes();
  const Response response = get("/api/v1/events");
  EXPECT_EQ(response.status, 200);
  const json data = json::parse(response.body)["data"];
  EXPECT_EQ(data["last"], 3);
  EXPECT_EQ(data["next"], 3);
  ASSERT_EQ(data["events"].size(), 3U);
  EXPECT_EQ(data["events"][0], json::parse(R"({"id": 1, "time": 1700000000.001, "kind": "phase", "node": "pi1",
                                               "text": "text 1", "data": null})"));
  EXPECT_EQ(data["events"][1]["data"], json({{"who", "anna"}}));
  const auto ids = [&](const std::string& query) {
    std::string out;
    const auto page = api::parse_events_json(get("/api/v1/events?" + query).body);
    if (!page) return page.error().message;
    for (const auto& event : page->events) {
      out += concat(event.id, ' ');
    }
    return out;
  };
  add(4, "boot", "pi2");
  EXPECT_EQ(ids("limit=2"), "3 4 ");
  EXPECT_EQ(ids("since=1&limit=2"), "2 3 ");
  EXPECT_EQ(ids("since=4"), "");
  EXPECT_EQ(ids("kind=boot"), "4 ");
  EXPECT_EQ(ids("node=pi2&node=pi1&kind=phase"), "1 2 3 ");
}

TEST_F(EventsApi, what_it_writes_it_reads) {
  JournalPage page;
  page.last = 77;
  page.next = 5;
  page.events = {{4, {1'700'000'000'123, "order", "pi1", "a \"b\"\n\xff", {{"who", "x"}, {"why", ""}}}},
                 {5, {-1, "", "", "", {}}}};
  auto read = api::parse_events_json(api::events_json(page, WallTime{}));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->last, 77U);
  EXPECT_EQ(read->next, 5U);
  page.events[0].entry.text = "a \"b\"\n\xef\xbf\xbd";
  EXPECT_EQ(read->events, page.events);
  const std::string whole = api::events_json(page, WallTime{});
  for (std::size_t size = 0; size + 2 < whole.size(); ++size) {
    EXPECT_FALSE(api::parse_events_json(whole.substr(0, size))) << size;
  }
  for (const char* wrong :
       {R"({"data": {"events": [{"id": 1}]}})", R"({"data": {"events": [7]}})", R"({"data": {"events": 7}})",
        R"({"data": {"events": [{"id": 1, "time": 1e300}]}})", R"({"data": {"events": [{"id": -1, "time": 1}]}})"}) {
    EXPECT_FALSE(api::parse_events_json(wrong)) << wrong;
  }
}

TEST_F(EventsApi, wrong_parameters_are_named) {
  routes();
  for (const char* query : {"since=-1", "since=x", "since=99999999999999999999", "limit=0", "limit=1001", "limit="}) {
    for (const char* path : {"/api/v1/events?", "/api/v1/events/stream?"}) {
      const Response response = get(concat(path, query));
      EXPECT_EQ(response.status, 400) << path << query;
      EXPECT_THAT(response.body, HasSubstr("parameter "));
    }
  }
  std::string many = "/api/v1/events?";
  for (int i = 0; i < 65; ++i) many += "node=pi1&";
  EXPECT_EQ(get(many).status, 400);
}

TEST_F(EventsApi, streams_what_happens) {
  routes();
  const auto client = follow();
  const std::string head = until(*client, "retry: 2000\n\n");
  EXPECT_THAT(head, AllOf(HasSubstr("HTTP/1.1 200"), HasSubstr("Content-Type: text/event-stream"),
                          HasSubstr("Connection: close"), Not(HasSubstr("Content-Length")), Not(HasSubstr("id: "))));
  add(4, "boot");
  EXPECT_EQ(until(*client, "\n\n"),
            "id: 4\ndata: {\"id\":4,\"time\":1700000000.004,\"kind\":\"boot\",\"node\":\"pi1\",\"text\":\"text 4\","
            "\"data\":{\"who\":\"anna\"}}\n\n");
  add(5);
  add(6);
  EXPECT_THAT(until(*client, "id: 6\n"), HasSubstr("id: 5\n"));
}

TEST_F(EventsApi, a_stream_goes_on_where_its_client_was) {
  routes();
  EXPECT_THAT(until(*follow("?since=1"), "id: 3\n"), AllOf(HasSubstr("id: 2\n"), Not(HasSubstr("id: 1\n"))));
  // The header of a client that comes back is newer than its address.
  EXPECT_THAT(until(*follow("?since=0", "Last-Event-ID: 2\r\n"), "id: 3\n"), Not(HasSubstr("id: 2\n")));
  add(4, "boot", "pi2");
  EXPECT_THAT(until(*follow("?since=0&kind=boot"), "id: 4\n"), Not(HasSubstr("id: 1\n")));
  // More than it takes out of the journal at once.
  for (int i = 5; i <= 1000; ++i) add(i);
  EXPECT_THAT(until(*follow("?since=0"), "id: 1000\n"), AllOf(HasSubstr("id: 1\n"), HasSubstr("id: 500\n")));
}

TEST_F(EventsApi, a_quiet_stream_shows_that_it_lives) {
  routes(8, milliseconds(100));
  const auto client = follow();
  EXPECT_THAT(until(*client, ": nothing new\n\n: nothing new\n\n"), HasSubstr("retry: 2000\n\n: nothing"));
  add(4);
  EXPECT_THAT(until(*client, "id: 4\n"), HasSubstr("id: 4\n"));
}

TEST_F(EventsApi, streams_leave_threads_for_others_and_give_their_places_back) {
  routes(8, milliseconds(50));
  auto first = follow();
  const auto second = follow();
  EXPECT_NE(until(*first, "retry"), "");
  EXPECT_NE(until(*second, "retry"), "");
  const std::string refused = until(*follow(), "raise web.threads");
  EXPECT_THAT(refused, AllOf(HasSubstr("503"), HasSubstr("Retry-After: 10"), HasSubstr("2 clients follow")));
  EXPECT_EQ(piman::test::http_get(port(), "/api/v1/events").status, 200);
  first.reset();
  const auto deadline = steady_clock::now() + seconds(10);
  std::string got;
  while (got.find("200 OK") == std::string::npos && steady_clock::now() < deadline) got = until(*follow(), "\r\n");
  EXPECT_THAT(got, HasSubstr("200 OK"));
}

TEST_F(EventsApi, a_head_request_ends_at_once) {
  routes();
  TcpClient client(port());
  client.send("HEAD /api/v1/events/stream HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.receive_until_close(), AllOf(HasSubstr("text/event-stream"), Not(HasSubstr("retry"))));
}

TEST_F(EventsApi, a_server_with_streams_stops_soon) {
  routes();
  const auto quiet = follow();
  const auto other = follow();
  EXPECT_NE(until(*quiet, "retry"), "");
  EXPECT_NE(until(*other, "retry"), "");
  const auto began = steady_clock::now();
  server_.reset();
  EXPECT_LT(steady_clock::now() - began, seconds(4));
}

TEST_F(EventsApi, a_client_that_does_not_read_is_let_go) {
  routes(2);
  const auto deaf = follow("?since=0");
  EXPECT_NE(until(*deaf, "id: 3"), "");
  JournalEntry large{1'700'000'000'000, "phase", "pi1", std::string(1000, 'x'), {}};
  large.data.assign(16, {"key", std::string(1000, 'y')});
  std::string got;
  const auto deadline = steady_clock::now() + seconds(30);
  while (got.find("200 OK") == std::string::npos && steady_clock::now() < deadline) {
    for (int i = 0; i < 200; ++i) journal.append(large);
    got = until(*follow(), "\r\n");
  }
  EXPECT_THAT(got, HasSubstr("200 OK")) << "the only place was never given back";
}

}  // namespace
}  // namespace piman::manager
