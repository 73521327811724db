// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "common/http/server.h"
#include "common/text.h"

/// A real server on a free port of 127.0.0.1, with routes that show what it does.
namespace piman::http {

using namespace std::string_view_literals;

/// A POST of `body`, as one piece or in chunks of 1000 bytes.
inline std::string post(std::string_view path, std::string_view body, bool chunked) {
  std::string out = concat("POST ", path, " HTTP/1.1\r\nHost: h\r\n");
  if (!chunked) return out + concat("Content-Length: ", body.size(), "\r\n\r\n", body);
  out += "Transfer-Encoding: chunked\r\n\r\n";
  while (!body.empty()) {
    const std::string_view chunk = body.substr(0, 1000);
    char length[16];
    std::snprintf(length, sizeof length, "%zx\r\n", chunk.size());
    out += concat(length, chunk, "\r\n");
    body.remove_prefix(chunk.size());
  }
  return out + "0\r\n\r\n";
}

class HttpFixture : public testing::Test {
 protected:
  HttpFixture() {
    options_.listen = {HostPort{"127.0.0.1", 0, false}};
    options_.threads = 2;
    options_.request_timeout = std::chrono::milliseconds(1000);
    options_.keep_alive_timeout = std::chrono::milliseconds(3000);
    router_.add("GET", "/hello", [](const Request&) {
      Response response = Response::text(200, "hello\n");
      response.headers.emplace_back("X-Test", "yes");
      return response;
    });
    router_.add("GET", "/empty", [](const Request&) { return Response::text(200, ""); });
    router_.add("GET", "/none", [](const Request&) { return Response::text(204, ""); });
    router_.add("GET", "/throw", [](const Request&) -> Response { throw std::runtime_error("thrown on purpose"); });
    router_.add("GET", "/bytes/{size}", [](const Request& request) {
      return Response::text(200, std::string(parse_u64(request.path_parameter("size")).value_or(0), 'x'));
    });
    router_.add("POST", "/size", [this](const Request& request) {
      ++posts_;
      return Response::text(200, concat(request.body.size()));
    });
    router_.add("POST", "/echo/{name}", [](const Request& request) {
      return Response::text(200, concat(request.method, ' ', request.path, '|', request.query, '|',
                                        request.header("x-head"), '|', request.remote_address, '|', request.body));
    });
  }

  void start() {
    auto started = Server::start(options_, router_, log_);
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
  }
  std::uint16_t port() const { return server_->ports().at(0); }

  ServerOptions options_;
  Router router_;
  std::atomic<int> posts_ = 0;  ///< how often POST /size was called
  Logger log_{LogLevel::kError, LogFormat::kLogfmt, [](std::string_view line) { ADD_FAILURE() << line; }};
  std::unique_ptr<Server> server_;
};

}  // namespace piman::http
