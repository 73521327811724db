// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <sys/stat.h>

#include <chrono>
#include <random>
#include <thread>
#include <vector>

#include "common/http/body_sources.h"
#include "tests/common/http_fixture.h"
#include "tests/support/tcp_client.h"
#include "tests/support/temp_tree.h"

/// Bodies that come from files and shared memory, over a real connection.
namespace piman::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using test::http_get;
using test::HttpReply;
using test::TcpClient;
using testing::HasSubstr;

std::string random_bytes(std::size_t size) {
  std::mt19937 random(9110);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

/// Gives out zeros, slowly or only up to a point, as a test needs.
class OddSource final : public BodySource {
 public:
  OddSource(std::uint64_t announced, std::uint64_t has, std::size_t too_many = 0)
      : announced_(announced), has_(has), too_many_(too_many) {}
  std::uint64_t size_bytes() const override { return announced_; }
  std::string_view read(std::uint64_t offset, std::span<char> buffer) const override {
    static const std::string zeros(1 << 20, 'z');
    if (offset >= has_) return {};
    const std::uint64_t left = has_ - offset;
    return std::string_view(zeros).substr(0, std::min<std::uint64_t>(left, buffer.size()) + too_many_);
  }

 private:
  std::uint64_t announced_, has_;
  std::size_t too_many_;
};

class HttpStreamingTest : public HttpFixture {
 protected:
  HttpStreamingTest() : bytes_(random_bytes(1'000'003)) {
    tree_.put("file", bytes_);
    tree_.put("nothing", "");
    router_.add("GET", "/file/{name...}", [this](const Request& request) {
      auto content = open_content(tree_.path(request.path_parameter("name")));
      if (!content) return Response::text(404, content.error().message);
      Response response = respond_with(request, std::move(*content), std::chrono::system_clock::now());
      if (response.part) {
        response.part->on_end = [this](std::uint64_t sent) {
          sent_ = sent;
          ++ended_;
        };
      }
      return response;
    });
    router_.add("GET", "/memory", [shared = std::make_shared<const std::string>(bytes_)](const Request& request) {
      return respond_with(request, memory_content(shared, "\"m\""), std::chrono::system_clock::now());
    });
    add_odd("/short", std::make_shared<OddSource>(500'000, 300'000));
    add_odd("/overfull", std::make_shared<OddSource>(10, 10, 5));
    add_odd("/endless", std::make_shared<OddSource>(std::uint64_t{1} << 50, std::uint64_t{1} << 50));
  }

  void add_odd(std::string_view path, std::shared_ptr<const BodySource> source) {
    router_.add("GET", path, [source, this](const Request&) {
      Response response;
      response.part = BodyPart{source, 0, source->size_bytes(), [this](std::uint64_t sent) {
                                 sent_ = sent;
                                 ++ended_;
                               }};
      return response;
    });
  }
  /// on_end runs after the last byte was handed over, and so maybe after the client has it.
  bool wait_for_end(int count) const {
    for (int i = 0; i < 500 && ended_ < count; ++i) std::this_thread::sleep_for(milliseconds(10));
    return ended_ == count;
  }

  test::TempTree tree_;
  std::string bytes_;
  std::atomic<std::uint64_t> sent_ = 0;
  std::atomic<int> ended_ = 0;
};

TEST_F(HttpStreamingTest, AWholeFile) {
  start();
  for (const char* path : {"/file/file", "/memory"}) {
    const HttpReply reply = http_get(port(), path);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("Content-Length"), "1000003");
    EXPECT_EQ(reply.header("Transfer-Encoding"), "");
    EXPECT_TRUE(reply.body == bytes_) << path;
  }
  EXPECT_TRUE(wait_for_end(1));
  EXPECT_EQ(sent_, 1'000'003U);
}

TEST_F(HttpStreamingTest, RangesOfIt) {
  start();
  TcpClient client(port());
  std::mt19937 random(7);
  for (int i = 0; i < 60; ++i) {
    const std::size_t first = random() % bytes_.size();
    const std::size_t last = std::min(first + random() % (i < 30 ? 100 : 400'000), bytes_.size() - 1);
    client.send(concat("GET ", i % 2 == 0 ? "/file/file" : "/memory", " HTTP/1.1\r\nHost: h\r\nRange: bytes=", first,
                       '-', last, "\r\n\r\n"));
    const HttpReply reply = client.receive_reply();
    ASSERT_EQ(reply.status, 206);
    ASSERT_EQ(reply.header("Content-Range"), concat("bytes ", first, '-', last, "/1000003"));
    ASSERT_TRUE(reply.body == bytes_.substr(first, last - first + 1)) << first << ' ' << last;
  }
}

TEST_F(HttpStreamingTest, RefusedRangesKeepTheConnection) {
  start();
  TcpClient client(port());
  for (const char* range : {"bytes=1000003-", "bytes=0-0,5-5", "bytes=-0", "bytes=99999999999999999999999-"}) {
    client.send(concat("GET /file/file HTTP/1.1\r\nHost: h\r\nRange: ", range, "\r\n\r\n"));
    const HttpReply reply = client.receive_reply();
    EXPECT_EQ(reply.status, 416) << range;
    EXPECT_EQ(reply.header("Content-Range"), "bytes */1000003");
    EXPECT_EQ(reply.body, "no such range\n");
  }
  client.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.receive_reply().body, "hello\n");
}

TEST_F(HttpStreamingTest, HeadSendsNoByteOfIt) {
  start();
  TcpClient client(port());
  client.send("HEAD /file/file HTTP/1.1\r\nHost: h\r\n\r\nGET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  const HttpReply head = client.receive_reply(milliseconds(5000), false);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Length"), "1000003");
  EXPECT_EQ(client.receive_reply().body, "hello\n");
  EXPECT_TRUE(wait_for_end(1));
  EXPECT_EQ(sent_, 0U);
}

TEST_F(HttpStreamingTest, AnEmptyFile) {
  start();
  TcpClient client(port());
  client.send("GET /file/nothing HTTP/1.1\r\nHost: h\r\n\r\nGET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.receive_reply().header("Content-Length"), "0");
  EXPECT_EQ(client.receive_reply().body, "hello\n");
}

TEST_F(HttpStreamingTest, TheTagSavesTheSecondTransferAndChangesWithTheFile) {
  start();
  const std::string tag(http_get(port(), "/file/file").header("ETag"));
  ASSERT_THAT(tag, testing::MatchesRegex("\"[0-9a-f-]+\""));
  TcpClient client(port());
  client.send(concat("GET /file/file HTTP/1.1\r\nHost: h\r\nIf-None-Match: ", tag, "\r\n\r\n"));
  const HttpReply same = client.receive_reply(milliseconds(5000), false);
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.header("Content-Length"), "");
  tree_.put("file", "other");
  client.send(concat("GET /file/file HTTP/1.1\r\nHost: h\r\nIf-None-Match: ", tag, "\r\n\r\n"));
  EXPECT_EQ(client.receive_reply().body, "other");
  client.send(concat("GET /file/file HTTP/1.1\r\nHost: h\r\nRange: bytes=1-2\r\nIf-Range: ", tag, "\r\n\r\n"));
  const HttpReply whole = client.receive_reply();
  EXPECT_EQ(whole.status, 200) << "parts of two versions are never mixed";
  EXPECT_EQ(whole.body, "other");
}

TEST_F(HttpStreamingTest, WhatIsNoFile) {
  tree_.put("folder/", "");
  ASSERT_EQ(::mkfifo(tree_.path("pipe").c_str(), 0600), 0);
  start();
  EXPECT_EQ(http_get(port(), "/file/missing").status, 404);
  EXPECT_EQ(http_get(port(), "/file/folder").status, 404);
  EXPECT_THAT(http_get(port(), "/file/pipe").body, HasSubstr("not a regular file"));
}

TEST_F(HttpStreamingTest, AFileThatIsCutShortEndsTheConnectionNotTheServer) {
  start();
  TcpClient client(port());
  client.send("GET /short HTTP/1.1\r\nHost: h\r\n\r\nGET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string all = client.receive_until_close();
  EXPECT_TRUE(client.closed());
  EXPECT_THAT(all, HasSubstr("Content-Length: 500000\r\n"));
  EXPECT_EQ(all.substr(all.find("\r\n\r\n") + 4).size(), 300'000U) << "and no other answer in its place";
  EXPECT_TRUE(wait_for_end(1));
  EXPECT_EQ(sent_, 300'000U);
  EXPECT_EQ(http_get(port(), "/hello").status, 200);
}

TEST_F(HttpStreamingTest, AFileThatIsOverwrittenIsNotMixed) {
  auto content = open_content(tree_.path("file"));
  ASSERT_TRUE(content);
  std::string buffer(1000, '\0');
  EXPECT_EQ(content->source->read(1000, buffer), bytes_.substr(1000, 1000));
  tree_.put("file", std::string(bytes_.size(), 'n'));
  EXPECT_EQ(content->source->read(2000, buffer), "");
}

TEST_F(HttpStreamingTest, ASourceThatGivesTooMuchIsNotBelieved) {
  start();
  TcpClient client(port());
  client.send("GET /overfull HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string all = client.receive_until_close();
  EXPECT_EQ(all.substr(all.find("\r\n\r\n") + 4), "");
  EXPECT_TRUE(client.closed());
}

TEST_F(HttpStreamingTest, AClientThatLeavesIsNoticed) {
  start();
  {
    TcpClient client(port());
    client.send("GET /endless HTTP/1.1\r\nHost: h\r\n\r\n");
    client.receive_until_close(milliseconds(100));
    client.reset();
  }
  EXPECT_TRUE(wait_for_end(1));
  EXPECT_GT(sent_, 0U);
}

TEST_F(HttpStreamingTest, AClientThatStopsReadingIsLeftAfterTheRequestTimeout) {
  start();
  TcpClient client(port());
  client.send("GET /endless HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto begin = steady_clock::now();
  EXPECT_TRUE(wait_for_end(1));
  EXPECT_LT(to_seconds(steady_clock::now() - begin), 4);
}

TEST_F(HttpStreamingTest, AClientThatKeepsReadingIsLeftAfterTheSendTimeout) {
  options_.send_timeout = milliseconds(500);
  start();
  TcpClient client(port());
  client.send("GET /endless HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto begin = steady_clock::now();
  client.receive_until_close(seconds(5));
  EXPECT_TRUE(client.closed());
  EXPECT_LT(to_seconds(steady_clock::now() - begin), 4);
}

TEST_F(HttpStreamingTest, StopsQuicklyInTheMiddleOfATransfer) {
  start();
  TcpClient stuck(port());
  stuck.send("GET /endless HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::uint16_t target = port();
  const std::jthread reader([target] {
    TcpClient client(target);
    client.send("GET /endless HTTP/1.1\r\nHost: h\r\n\r\n");
    client.receive_until_close(seconds(10));
  });
  std::this_thread::sleep_for(milliseconds(300));  // nothing to wait for: both are under way by then
  const auto begin = steady_clock::now();
  server_.reset();
  EXPECT_LT(to_seconds(steady_clock::now() - begin), 2);
  EXPECT_EQ(ended_, 2);
}

TEST_F(HttpStreamingTest, TheRestOfThePathIsOneParameter) {
  router_.add("GET", "/rest/{name}/{more...}", [](const Request& request) {
    return Response::text(200, concat(request.path_parameter("name"), '|', request.path_parameter("more")));
  });
  start();
  EXPECT_EQ(http_get(port(), "/rest/a/b").body, "a|b");
  EXPECT_EQ(http_get(port(), "/rest/a/b/c/d.txt").body, "a|b/c/d.txt");
  EXPECT_EQ(http_get(port(), "/rest/a/b//c/").body, "a|b//c/");
  EXPECT_EQ(http_get(port(), "/rest/a/%2e%2e/x").body, "a|../x") << "what it means is for the handler to decide";
  EXPECT_EQ(http_get(port(), "/rest/a").status, 404);
  EXPECT_EQ(http_get(port(), "/rest//b").status, 404);
}

}  // namespace
}  // namespace piman::http
