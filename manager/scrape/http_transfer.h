// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "manager/scrape/http_client.h"

/// One request on a libcurl handle, and the answer that comes of it. Only http_client.cc has use for it.
namespace piman::manager {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// One transfer and what it needs while it is under way.
struct HttpTransfer {
  std::unique_ptr<CURL, EasyDeleter> easy;
  std::unique_ptr<curl_slist, ListDeleter> headers;
  std::unique_ptr<curl_slist, ListDeleter> connect_to;
  std::array<char, CURL_ERROR_SIZE> curl_words{};
  std::size_t shard = 0;
  std::size_t most_bytes = 0;
  std::size_t header_bytes = 0;
  bool too_large = false;
  bool cut_by_sink = false;
  bool begun = false;  ///< the sink knows that a body comes
  BodySink* sink = nullptr;
  std::string encoding;  ///< for the sink
  std::chrono::milliseconds timeout{0};
  HttpAnswer answer;
};

/// Puts a request on the handle, which is new or was reset. The transfer keeps its address while it is under way.
void prepare(HttpTransfer& transfer, const HttpRequest& request);
/// Makes the answer complete, after libcurl ended the transfer with `code`.
void finish(HttpTransfer& transfer, CURLcode code);
/// Fit for the next request; the handle keeps its buffers.
void reset(HttpTransfer& transfer);

}  // namespace piman::manager
