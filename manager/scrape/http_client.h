// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/net_types.h"
#include "common/result.h"
#include "manager/fleet/node.h"
#include "manager/scrape/http_access.h"

/// Asks many agents at once over HTTP, and the only user of libcurl in the scraper. GET, or POST of JSON, plain or over
/// TLS, no redirects, no proxies, no names to resolve; connections are kept for the next time. Errors: what the network
/// or the agent does wrong comes as a ScrapeError with words. Thread-safety: one thread, the one that calls poll();
/// only wake() may come from others.
namespace piman::manager {

/// What is known of a body when it begins.
struct BodyHead {
  int status = 0;
  std::string_view content_type;
  std::string_view content_encoding;  ///< of the bytes that follow; empty: none
};

/// Takes a body as it comes, with whatever encoding it has, instead of HttpAnswer::body.
class BodySink {
 public:
  virtual ~BodySink() = default;
  /// Before the first piece; not called for an empty body. False: the transfer is cut.
  virtual bool begin(const BodyHead& head) = 0;
  /// False: the transfer is cut.
  virtual bool take(std::string_view piece) = 0;
};

struct HttpRequest {
  Ipv4Address address;
  std::uint16_t port = 0;
  std::string path = "/";
  std::string accept;                    ///< the Accept header; empty: anything
  std::chrono::milliseconds timeout{0};  ///< for all of it, from connecting to the last byte; at least 1 ms is taken
  std::size_t most_bytes = 0;            ///< of the body, decompressed
  std::string json = {};                 ///< sent as the body of a POST; empty: GET
  std::string method = {};               ///< another one than those two
  std::string bearer = {};               ///< a token for the Authorization header; empty: none
  const HttpAccess* access = nullptr;    ///< read by start(); none: plain HTTP, and nobody in particular asks
  std::string server_name = {};          ///< what the certificate must be for; empty: the address
  BodySink* sink = nullptr;              ///< takes the body; must outlive the transfer. most_bytes does not count then
};

struct HttpAnswer {
  std::uint64_t id = 0;  ///< what start() returned
  /// kNone: an answer came, with whatever status; kTimeout, kRefused, kUnreachable, kTooLarge, kMalformed, kTls,
  /// kOther.
  ScrapeError error = ScrapeError::kNone;
  std::string error_text;
  bool host_answered = false;  ///< any byte, a TCP handshake or a reset came from the host
  int status = 0;
  std::string content_type;
  std::string body;  ///< decompressed; incomplete when error is not kNone; empty when a sink took it
};

class HttpClient {
 public:
  /// libcurl's work per transfer grows with the hosts that share a handle, so hosts are spread over `shards`.
  static Result<std::unique_ptr<HttpClient>> make(std::size_t shards);
  /// Drops what is in flight.
  virtual ~HttpClient() = default;

  /// Begins a transfer; its answer comes from a later poll().
  virtual std::uint64_t start(const HttpRequest& request) = 0;
  /// Drops a transfer: there will be no answer. Unknown ids are ignored.
  virtual void cancel(std::uint64_t id) = 0;
  /// Waits for answers, for at most `wait` or until wake(), and returns those that came.
  virtual std::vector<HttpAnswer> poll(std::chrono::milliseconds wait) = 0;
  /// Ends a poll() also when this descriptor can be read (or written to); until forget().
  virtual void also_watch(int fd, bool for_reading, bool for_writing) = 0;
  virtual void forget(int fd) = 0;
  /// Ends the poll() in progress, or else the next one, at once. From any thread.
  virtual void wake() = 0;
};

}  // namespace piman::manager
