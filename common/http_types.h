// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// HTTP as values: a handler is a plain function from Request to Response, and a test just calls it.
namespace piman::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;  ///< "GET", "HEAD", ...
  std::string path;    ///< percent-decoded, begins with '/'
  std::string query;   ///< still encoded, without '?'
  Headers headers;     ///< as sent
  std::string body;
  std::string remote_address;  ///< text form, without the port; IPv4 as such, also where a socket serves both families
  std::vector<std::pair<std::string, std::string>> path_parameters;  ///< what the route's {names} matched

  /// The first header of that name, in any case; empty when absent.
  std::string_view header(std::string_view name) const;
  std::string_view path_parameter(std::string_view name) const;
};

/// Bytes that are sent from where they lie: a file, or a block that many responses share.
/// Thread-safety: read() may be called from several threads at once.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// Fixed for the life of the source: it is announced before the first byte is read.
  virtual std::uint64_t size_bytes() const = 0;
  /// Bytes from `offset` on, at least one and at most as many as `buffer` holds. They may stand in `buffer` or in
  /// memory of the source, valid until the next call with the same buffer. Empty: they can't be had (any more).
  virtual std::string_view read(std::uint64_t offset, std::span<char> buffer) const = 0;
};

/// The part of a source that is a response's body.
struct BodyPart {
  std::shared_ptr<const BodySource> source;
  std::uint64_t first = 0;
  std::uint64_t length = 0;  ///< first + length lies within the source
  /// Called once when sending has ended, well or not, with the bytes that the kernel took for this client: 0 for an
  /// answer to HEAD. Runs on a thread of the server; must not throw.
  std::function<void(std::uint64_t sent_bytes)> on_end;
};

/// A body that is made while it is sent, for as long as its client listens.
/// Thread-safety: used by one thread at a time.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  /// Appends what there is to `out`; waits for it, at most so long, and may append nothing. False: that was the end.
  virtual bool next(std::string& out, std::chrono::milliseconds wait) = 0;
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  Headers headers;
  std::string body;
  std::optional<BodyPart> part;  ///< when set, the body is this and `body` stays empty
  /// When set, the body is this; it ends with the connection. It holds one of the server's threads.
  std::shared_ptr<BodyStream> stream;

  static Response text(int status, std::string body);
  static Response json(int status, std::string body);
  static Response html(std::string body);
};

using Handler = std::function<Response(const Request&)>;

/// Every value of `key` in a query string, decoded; "collect[]=cpu&collect[]=disk" has two.
std::vector<std::string> query_values(std::string_view query, std::string_view key);
/// Percent-decoding; '+' is a blank where `plus_is_blank`. Malformed escapes stay as they are.
std::string percent_decoded(std::string_view text, bool plus_is_blank);
/// The other way round, for a part of a path or a value of a query: all but letters, digits and "-._~" is escaped.
std::string percent_encoded(std::string_view text);
/// Whether an Accept-Encoding header allows gzip (a q of 0 forbids it). RFC 9110 section 12.5.3.
bool accepts_gzip(std::string_view accept_encoding);
std::string_view reason_phrase(int status);

/// Finds the handler for a request. Exact segments, with `{name}` for one segment: "/nodes/{name}/metrics", and
/// `{name...}` at the end for all the rest, slashes included: "/boot/{file...}".
/// GET routes answer HEAD too. 404 for an unknown path, 405 with Allow for a known one by another method.
/// Thread-safety: dispatch() may run on several threads once all routes are added.
class Router {
 public:
  void add(std::string_view method, std::string_view pattern, Handler handler);
  /// Never throws: an exception out of a handler becomes a 500, and is passed to `on_exception`.
  Response dispatch(Request& request) const;
  /// Asked before every handler, also of those that are added later: an answer of it is given instead. One at most.
  void before(std::function<std::optional<Response>(const Request&)> guard) { guard_ = std::move(guard); }
  void on_exception(std::function<void(const Request&, std::string_view what)> report) { report_ = std::move(report); }

 private:
  struct Route {
    std::string method;
    std::vector<std::string> segments;
    Handler handler;
  };
  std::vector<Route> routes_;
  std::function<std::optional<Response>(const Request&)> guard_;
  std::function<void(const Request&, std::string_view)> report_;
};

}  // namespace piman::http
