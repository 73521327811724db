// SPDX-License-Identifier: Apache-2.0
#include "common/http/server.h"

#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "tests/common/http_fixture.h"
#include "tests/support/tcp_client.h"

namespace piman::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::http_get;
using test::HttpReply;
using test::TcpClient;
using testing::HasSubstr;
using testing::SizeIs;

class HttpServerTest : public HttpFixture {};

TEST_F(HttpServerTest, AnswersWithWhatTheHandlerReturned) {
  start();
  const HttpReply reply = http_get(port(), "/hello");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "hello\n");
  EXPECT_EQ(reply.header("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(reply.header("Content-Length"), "6");
  EXPECT_EQ(reply.header("X-Test"), "yes");
  EXPECT_TRUE(reply.head.starts_with("HTTP/1.1 200 OK\r\n")) << reply.head;
}

TEST_F(HttpServerTest, HandsTheHandlerWhatWasSent) {
  start();
  TcpClient client(port());
  client.send(
      "POST /echo/a%2Fb%20c?x=%41&y HTTP/1.1\r\nHost: h\r\nX-Head:  two words \r\nContent-Length: 5\r\n\r\nb\0dy!"sv);
  const HttpReply reply = client.receive_reply();
  EXPECT_EQ(reply.status, 404) << "an encoded slash separates, too";
  client.send(
      "POST /echo/a%20c?x=%41&y HTTP/1.1\r\nHost: h\r\nX-Head:  two words \r\nContent-Length: 5\r\n\r\nb\0dy!"sv);
  EXPECT_EQ(client.receive_reply().body, "POST /echo/a c|x=%41&y|two words|127.0.0.1|b\0dy!"sv);
}

TEST_F(HttpServerTest, KeepsTheConnection) {
  start();
  TcpClient client(port());
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(client.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"));
    ASSERT_EQ(client.receive_reply().body, "hello\n") << i;
  }
  client.send("GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.receive_reply().header("Connection"), "close");
  EXPECT_EQ(client.receive_until_close(), "");
  EXPECT_TRUE(client.closed());
}

TEST_F(HttpServerTest, Http10ClosesUnlessAskedNotTo) {
  start();
  TcpClient client(port());
  client.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.receive_reply().body, "hello\n");
  client.send("GET /hello HTTP/1.0\r\n\r\n");
  const std::string last = client.receive_until_close();
  EXPECT_TRUE(client.closed());
  EXPECT_THAT(last, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(last, HasSubstr("\r\n\r\nhello\n"));
}

TEST_F(HttpServerTest, HeadHasTheHeadersAndNoBody) {
  start();
  TcpClient client(port());
  client.send("HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\nGET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const HttpReply head = client.receive_reply(milliseconds(5000), false);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Length"), "6");
  EXPECT_EQ(client.receive_reply().body, "hello\n") << "the next reply follows the head at once";
  EXPECT_EQ(client.receive_until_close(), "");
}

TEST_F(HttpServerTest, Pipelining) {
  start();
  TcpClient client(port());
  std::string requests;
  for (int i = 0; i < 50; ++i) {
    requests += concat("POST /echo/", i, " HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n", i % 10, '.');
  }
  client.send(requests);
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(client.receive_reply().body, concat("POST /echo/", i, "|||127.0.0.1|", i % 10, '.'));
  }
}

TEST_F(HttpServerTest, UnknownPathAndWrongMethod) {
  start();
  EXPECT_EQ(http_get(port(), "/nowhere").status, 404);
  EXPECT_EQ(http_get(port(), "/hello/more").status, 404);
  TcpClient client(port());
  for (const char* method : {"DELETE", "OPTIONS", "PUT", "POST"}) {
    client.send(concat(method, " /hello HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"));
    const HttpReply reply = client.receive_reply();
    EXPECT_EQ(reply.status, 405) << method;
    EXPECT_EQ(reply.header("Allow"), "GET, HEAD") << method;
  }
}

TEST_F(HttpServerTest, AnEmptyReplyAndA204) {
  start();
  TcpClient client(port());
  client.send(
      "GET /empty HTTP/1.1\r\nHost: h\r\n\r\nGET /none HTTP/1.1\r\nHost: h\r\n\r\nGET /hello HTTP/1.1\r\nHost: "
      "h\r\n\r\n");
  EXPECT_EQ(client.receive_reply().header("Content-Length"), "0");
  const HttpReply none = client.receive_reply(milliseconds(5000), false);
  EXPECT_EQ(none.status, 204);
  EXPECT_EQ(none.header("Content-Length"), "");
  EXPECT_EQ(client.receive_reply().body, "hello\n");
}

TEST_F(HttpServerTest, LargeReplies) {
  start();
  for (const std::size_t size : {1000U, 262'144U, 262'145U, 3'000'000U}) {
    const HttpReply reply = http_get(port(), concat("/bytes/", size));
    EXPECT_EQ(reply.status, 200);
    EXPECT_TRUE(reply.body == std::string(size, 'x')) << size;
  }
}

TEST_F(HttpServerTest, BodiesUpToTheLimit) {
  options_.max_body_bytes = 10'000;
  start();
  for (const bool chunked : {false, true}) {
    for (const std::size_t size : {0U, 1U, 4095U, 4096U, 4097U, 10'000U}) {
      TcpClient client(port());
      client.send(post("/size", std::string(size, 'b'), chunked));
      EXPECT_EQ(client.receive_reply().body, concat(size)) << chunked;
      // What was sent is used up, and the connection still good.
      client.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
      EXPECT_EQ(client.receive_reply().body, "hello\n") << size << ' ' << chunked;
    }
  }
}

TEST_F(HttpServerTest, LargerBodiesAreRefused) {
  options_.max_body_bytes = 10'000;
  start();
  for (const bool chunked : {false, true}) {
    for (const std::size_t size : {10'001U, 200'000U}) {
      TcpClient client(port());
      client.send(post("/size", std::string(size, 'b'), chunked));
      const HttpReply reply = client.receive_reply();
      EXPECT_EQ(reply.status, 413) << size << ' ' << chunked;
    }
  }
  // Refused at once by its announcement.
  TcpClient client(port());
  client.send("POST /size HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999999\r\n\r\n");
  EXPECT_EQ(client.receive_reply(milliseconds(1000)).status, 413);
}

TEST_F(HttpServerTest, AThrowingHandlerIsA500AndTheServiceGoesOn) {
  std::atomic<int> reports = 0;
  router_.on_exception([&](const Request&, std::string_view what) {
    EXPECT_EQ(what, "thrown on purpose");
    ++reports;
  });
  start();
  TcpClient client(port());
  for (int i = 0; i < 10; ++i) {
    client.send("GET /throw HTTP/1.1\r\nHost: h\r\n\r\nGET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(client.receive_reply().status, 500);
    EXPECT_EQ(client.receive_reply().status, 200);
  }
  EXPECT_EQ(reports, 10);
}

TEST_F(HttpServerTest, NoStallsOnAKeptConnection) {
  // 1000 delayed acknowledgements would be 40 s.
  start();
  TcpClient client(port());
  const auto begin = steady_clock::now();
  for (int i = 0; i < 1000; ++i) {
    client.send("GET /bytes/3000 HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_EQ(client.receive_reply().body.size(), 3000U) << i;
  }
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST_F(HttpServerTest, ATakenPortIsAnErrorThatNamesIt) {
  start();
  ServerOptions second = options_;
  second.listen = {HostPort{"127.0.0.1", port(), false}};
  const auto result = Server::start(second, router_, log_);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr(concat("127.0.0.1:", port())));
  EXPECT_THAT(result.error().message, HasSubstr("in use"));
  EXPECT_EQ(http_get(port(), "/hello").status, 200) << "the first is unharmed";
}

TEST_F(HttpServerTest, AnAddressThatIsNotOurs) {
  options_.listen = {HostPort{"192.0.2.1", 0, false}};
  const auto result = Server::start(options_, router_, log_);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("192.0.2.1:0"));
}

TEST_F(HttpServerTest, SeveralAddresses) {
  options_.listen = {HostPort{"127.0.0.1", 0, false}, HostPort{"127.0.0.1", 0, false}};
  start();
  ASSERT_THAT(server_->ports(), SizeIs(2));
  for (const std::uint16_t each : server_->ports()) EXPECT_EQ(http_get(each, "/hello").status, 200);
}

TEST_F(HttpServerTest, EveryAddressOfThisMachine) {
  options_.listen = {HostPort{"", 0, false}};
  start();
  EXPECT_EQ(http_get(port(), "/hello").status, 200);
  // Who asks is compared with addresses of nodes: not "::ffff:127.0.0.1", as a socket for both families has it.
  TcpClient client("127.0.0.1", port());
  client.send(post("/echo/x", "", false));
  EXPECT_EQ(client.receive_reply().body, "POST /echo/x|||127.0.0.1|");
}

TEST_F(HttpServerTest, Ipv6) {
  options_.listen = {HostPort{"::1", 0, true}};
  if (!server_has_ipv6()) {
    const auto result = Server::start(options_, router_, log_);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "listening on [::1]:0: this build has no IPv6");
    return;
  }
  auto result = Server::start(options_, router_, log_);
  if (!result) GTEST_SKIP() << "no IPv6 here: " << result.error().message;
  TcpClient client("::1", (*result)->ports().at(0));
  client.send(post("/echo/x", "", false));
  EXPECT_EQ(client.receive_reply().body, "POST /echo/x|||::1|");
}

/// How often the threads of this process went to sleep and so woke: none of them does anything by the clock.
std::uint64_t context_switches() {
  std::uint64_t count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream status(task.path() / "status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("voluntary_ctxt_switches:")) count += std::stoul(line.substr(line.find('\t') + 1));
    }
  }
  return count;
}

TEST_F(HttpServerTest, NoThreadWakesWhileNothingHappens) {
  if (!server_has_ipv6()) GTEST_SKIP() << "the threads of Debian's library look at its stop flag every 2 s";
  options_.request_timeout = options_.keep_alive_timeout = std::chrono::seconds(60);
  start();
  TcpClient kept(port());
  const TcpClient silent(port());
  kept.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_EQ(kept.receive_reply().status, 200);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // the threads have gone to sleep
  const std::uint64_t before = context_switches();
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  // This thread's own sleep, and reading the counts.
  EXPECT_LE(context_switches() - before, 4U);
}

}  // namespace
}  // namespace piman::http
