// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

/// Posts JSON to URLs outside of the fleet: https with names to look up, through the proxy that the environment names.
/// Apart from scrape/http_client.h, which asks a thousand agents by address and needs none of that. The second home of
/// libcurl. URLs are secrets here: no error holds one. Thread-safety: one thread, the one that calls poll(); only
/// wake() may come from others.
namespace piman::watch {

struct WebPost {
  std::string url, json;
  std::string ca_file = {};  ///< who may sign for https; empty: whom the system trusts
  std::chrono::milliseconds timeout{10'000};
};

struct WebAnswer {
  std::uint64_t id = 0;
  int status = 0;           ///< 0: there was no answer, and `error` says why
  std::string error;        ///< in words, without the URL
  std::string retry_after;  ///< that header; empty: none
  std::string body;         ///< its beginning
};

class WebPoster {
 public:
  static Result<std::unique_ptr<WebPoster>> make();
  /// Drops what is under way.
  virtual ~WebPoster() = default;

  /// Begins a post; its answer comes from a later poll().
  virtual std::uint64_t start(const WebPost& post) = 0;
  /// Waits for answers, for at most `wait` or until wake(), and returns those that came.
  virtual std::vector<WebAnswer> poll(std::chrono::milliseconds wait) = 0;
  /// Ends the poll() in progress, or else the next one, at once. From any thread.
  virtual void wake() = 0;
};

}  // namespace piman::watch
