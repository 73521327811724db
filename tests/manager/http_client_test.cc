// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/clock.h"
#include "common/gzip.h"
#include "common/http/server.h"
#include "common/text.h"
#include "tests/manager/raw_server.h"

namespace piman::manager {
namespace {

using std::chrono::milliseconds;
using test::RawPeer;
using test::RawServer;
using testing::HasSubstr;

const Ipv4Address kLoopback(0x7F00'0001U);

class HttpClientTest : public testing::Test {
 protected:
  HttpClientTest() {
    auto made = HttpClient::make(8);
    EXPECT_TRUE(made);
    client_ = std::move(*made);
  }

  static HttpRequest request(std::uint16_t port, std::string path = "/metrics") {
    return HttpRequest{kLoopback, port, std::move(path), "text/plain", milliseconds(2000), 1'000'000};
  }

  /// The answer to one request, waited for.
  HttpAnswer get(const HttpRequest& asked) {
    const std::uint64_t id = client_->start(asked);
    const SteadyTime end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < end) {
      for (HttpAnswer& answer : client_->poll(milliseconds(200))) {
        EXPECT_EQ(answer.id, id);
        return std::move(answer);
      }
    }
    ADD_FAILURE() << "no answer";
    return {};
  }
  HttpAnswer get(const RawServer& server) { return get(request(server.port())); }

  std::unique_ptr<HttpClient> client_;
};

TEST_F(HttpClientTest, GetsAnAnswerAndKeepsTheConnection) {
  std::vector<std::string> requests;
  RawServer server([&](RawPeer& peer) {
    while (peer.read_request()) {
      requests.push_back(peer.request());
      peer.send_ok(concat("body ", requests.size()), "text/plain; version=0.0.4");
    }
  });
  for (int i = 1; i <= 3; ++i) {
    const HttpAnswer answer = get(server);
    EXPECT_EQ(answer.error, ScrapeError::kNone) << answer.error_text;
    EXPECT_EQ(answer.error_text, "");
    EXPECT_TRUE(answer.host_answered);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.content_type, "text/plain; version=0.0.4");
    EXPECT_EQ(answer.body, concat("body ", i));
  }
  EXPECT_EQ(server.connections(), 1);
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[0], concat("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:", server.port(), "\r\nUser-Agent: piman/",
                                PIMAN_VERSION, "\r\nAccept-Encoding: gzip\r\nAccept: text/plain\r\n\r\n"));
}

TEST_F(HttpClientTest, GetsManyAtOnceFromARealServer) {
  http::Router router;
  router.add("GET", "/bytes/{size}", [](const http::Request& asked) {
    return http::Response::text(200, std::string(parse_u64(asked.path_parameter("size")).value_or(0), 'x'));
  });
  Logger log(LogLevel::kError);
  http::ServerOptions options;
  options.listen = {HostPort{"0.0.0.0", 0, false}};
  options.threads = 20;
  const auto server = http::Server::start(options, router, log);
  ASSERT_TRUE(server) << server.error().message;
  const std::uint16_t port = (*server)->ports().at(0);
  for (int round = 0; round < 3; ++round) {
    std::map<std::uint64_t, std::size_t> expected;
    for (std::uint32_t i = 0; i < 20; ++i) {
      HttpRequest asked = request(port, concat("/bytes/", i * 5000));
      asked.address = Ipv4Address(0x7F00'0001U + i);
      expected[client_->start(asked)] = i * 5000;
    }
    while (!expected.empty()) {
      for (const HttpAnswer& answer : client_->poll(milliseconds(1000))) {
        EXPECT_EQ(answer.error, ScrapeError::kNone) << answer.error_text;
        EXPECT_EQ(answer.body.size(), expected.at(answer.id));
        expected.erase(answer.id);
      }
    }
  }
  const HttpAnswer missing = get(request(port, "/missing"));
  EXPECT_EQ(missing.error, ScrapeError::kNone);
  EXPECT_EQ(missing.status, 404);
}

TEST_F(HttpClientTest, ANodeThatHangsTimesOut) {
  RawServer server([](RawPeer& peer) { peer.hang(); });
  HttpRequest asked = request(server.port());
  asked.timeout = milliseconds(200);
  const SteadyTime began = std::chrono::steady_clock::now();
  const HttpAnswer answer = get(asked);
  EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(1000));
  EXPECT_EQ(answer.error, ScrapeError::kTimeout);
  EXPECT_EQ(answer.error_text, "no whole answer within 200 ms");
  EXPECT_TRUE(answer.host_answered);  // its kernel took the connection
}

TEST_F(HttpClientTest, ANodeThatDripsTimesOut) {
  RawServer server([](RawPeer& peer) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    while (peer.send("x") && peer.sleep(milliseconds(10))) {
    }
  });
  HttpRequest asked = request(server.port());
  asked.timeout = milliseconds(300);
  const HttpAnswer answer = get(asked);
  EXPECT_EQ(answer.error, ScrapeError::kTimeout);
  EXPECT_TRUE(answer.host_answered);
}

TEST_F(HttpClientTest, AHostThatDoesNotAnswerIsNotTakenForOneThatDoes) {
  const test::SilentHost silent("127.0.0.1", 0);
  const UniqueFd closed = test::listen_on("127.0.0.1", 0, 1);
  const std::uint16_t closed_port = test::port_of(closed);
  ::shutdown(closed.get(), SHUT_RD);  // no longer listens, and nobody else can take the port
  const HttpAnswer refused = get(request(closed_port));
  EXPECT_EQ(refused.error, ScrapeError::kRefused) << refused.error_text;
  EXPECT_EQ(refused.error_text, "connection refused");
  EXPECT_TRUE(refused.host_answered);

  HttpRequest asked = request(silent.port());
  asked.timeout = milliseconds(300);
  const HttpAnswer answer = get(asked);  // by the handle that was just refused
  EXPECT_EQ(answer.error, ScrapeError::kTimeout);
  EXPECT_EQ(answer.error_text, "no answer within 300 ms");
  EXPECT_FALSE(answer.host_answered);
}

TEST_F(HttpClientTest, ANodeThatDiesOnAKeptConnectionIsSilent) {
  RawServer server([](RawPeer& peer) {
    if (peer.read_request()) peer.send_ok("fine");
    peer.hang();  // as if its power was cut
  });
  EXPECT_EQ(get(server).error, ScrapeError::kNone);
  HttpRequest asked = request(server.port());
  asked.timeout = milliseconds(200);
  const HttpAnswer answer = get(asked);
  EXPECT_EQ(answer.error, ScrapeError::kTimeout);
  EXPECT_FALSE(answer.host_answered);
}

TEST_F(HttpClientTest, AConnectionThatTheNodeClosedMeanwhileIsMadeAnew) {
  RawServer server([](RawPeer& peer) {
    if (peer.read_request()) peer.send_ok("fine");
  });
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(get(server).error, ScrapeError::kNone);
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_EQ(server.connections(), 3);
}

TEST_F(HttpClientTest, TooLongABodyIsCut) {
  std::atomic<std::size_t> sent = 0;
  RawServer server([&](RawPeer& peer) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
    const std::string block(10'000, 'x');
    while (peer.send(block)) sent += block.size();
  });
  const HttpAnswer answer = get(server);
  EXPECT_EQ(answer.error, ScrapeError::kTooLarge);
  EXPECT_EQ(answer.error_text, "more than 1000000 bytes");
  EXPECT_TRUE(answer.host_answered);
  EXPECT_LE(answer.body.size(), 1'000'000U);
  EXPECT_LT(sent, 30'000'000U);  // what fits into the sockets' buffers
}

TEST_F(HttpClientTest, ABodyOfJustTheLimitIsTaken) {
  RawServer server([](RawPeer& peer) {
    while (peer.read_request()) peer.send_ok(std::string(1000, 'x'));
  });
  HttpRequest asked = request(server.port());
  asked.most_bytes = 1000;
  EXPECT_EQ(get(asked).body.size(), 1000U);
  asked.most_bytes = 999;
  EXPECT_EQ(get(asked).error, ScrapeError::kTooLarge);
}

TEST_F(HttpClientTest, ACompressedBodyIsUnpackedAndItsUnpackedSizeCounts) {
  std::string packed;
  std::string bomb;
  GzipCompressor().compress("some metrics\n", packed);
  GzipCompressor().compress(std::string(20'000'000, 'x'), bomb);
  ASSERT_LT(bomb.size(), 200'000U);
  RawServer server([&](RawPeer& peer) {
    while (peer.read_request()) {
      const std::string& body = peer.request().starts_with("GET /bomb") ? bomb : packed;
      peer.send(concat("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ", body.size(), "\r\n\r\n", body));
    }
  });
  EXPECT_EQ(get(server).body, "some metrics\n");
  const HttpAnswer answer = get(request(server.port(), "/bomb"));
  EXPECT_EQ(answer.error, ScrapeError::kTooLarge);
  EXPECT_LE(answer.body.size(), 1'000'000U);
}

struct BadAnswer {
  std::string_view bytes;
  std::string_view words;
};

TEST_F(HttpClientTest, WhatIsNoHttpIsMalformed) {
  const std::vector<BadAnswer> answers = {
      {"hello\r\n\r\n", "HTTP/0.9"},
      {"\x16\x03\x01\x02\x03\x04\x05\x06", "HTTP/0.9"},
      {"", "Empty reply"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "remaining to read"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "chunk"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", ""},
      {"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", ""},
      {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", ""},
  };
  for (const BadAnswer& bad : answers) {
    RawServer server([&](RawPeer& peer) {
      if (peer.read_request()) peer.send(bad.bytes);
    });
    const HttpAnswer answer = get(server);
    EXPECT_EQ(answer.error, ScrapeError::kMalformed) << bad.bytes << " -> " << answer.error_text;
    EXPECT_TRUE(answer.host_answered) << bad.bytes;
    EXPECT_THAT(answer.error_text, HasSubstr(std::string(bad.words))) << bad.bytes;
    EXPECT_NE(answer.error_text, "") << bad.bytes;
  }
}

TEST_F(HttpClientTest, HeadersWithoutEndAreCut) {
  RawServer server([](RawPeer& peer) {
    peer.send("HTTP/1.1 200 OK\r\n");
    while (peer.send("X-Filler: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n")) {
    }
  });
  const HttpAnswer answer = get(server);
  EXPECT_EQ(answer.error, ScrapeError::kTooLarge);
  EXPECT_EQ(answer.error_text, "more than 65536 bytes of headers");
}

TEST_F(HttpClientTest, AResetIsAnAnswerOfTheHost) {
  RawServer server([](RawPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    peer.sleep(milliseconds(50));
    peer.reset();
  });
  const HttpAnswer answer = get(server);
  EXPECT_EQ(answer.error, ScrapeError::kOther);
  EXPECT_EQ(answer.error_text, "Connection reset by peer");
  EXPECT_TRUE(answer.host_answered);
}

TEST_F(HttpClientTest, FollowsNoRedirectAndNoProxy) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  ::setenv("all_proxy", "http://127.0.0.1:1", 1);
  RawServer server([](RawPeer& peer) {
    while (peer.read_request()) {
      peer.send("HTTP/1.1 302 Found\r\nLocation: file:///etc/hostname\r\nContent-Length: 0\r\n\r\n");
    }
  });
  const HttpAnswer answer = get(server);
  ::unsetenv("http_proxy");
  ::unsetenv("all_proxy");
  EXPECT_EQ(answer.error, ScrapeError::kNone) << answer.error_text;
  EXPECT_EQ(answer.status, 302);
  EXPECT_EQ(answer.body, "");
}

TEST_F(HttpClientTest, ACancelledRequestHasNoAnswer) {
  RawServer server([](RawPeer& peer) { peer.hang(); });
  HttpRequest asked = request(server.port());
  asked.timeout = milliseconds(100);
  const std::uint64_t id = client_->start(asked);
  EXPECT_TRUE(client_->poll(milliseconds(20)).empty());
  client_->cancel(id);
  client_->cancel(id);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(client_->poll(milliseconds(50)).empty());
}

TEST_F(HttpClientTest, AnotherThreadEndsTheWait) {
  const SteadyTime began = std::chrono::steady_clock::now();
  std::jthread waker([&] {
    std::this_thread::sleep_for(milliseconds(50));
    client_->wake();
  });
  EXPECT_TRUE(client_->poll(milliseconds(10'000)).empty());
  EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(2000));
  client_->wake();  // before the wait: it must not be lost
  EXPECT_TRUE(client_->poll(milliseconds(10'000)).empty());
  EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(4000));
}

TEST_F(HttpClientTest, CanBeDestroyedWithRequestsUnderWay) {
  RawServer server([](RawPeer& peer) { peer.hang(); });
  for (int i = 0; i < 5; ++i) client_->start(request(server.port()));
  client_->poll(milliseconds(20));
  client_.reset();
}

}  // namespace
}  // namespace piman::manager
