// SPDX-License-Identifier: Apache-2.0
#include "common/http/server.h"

#include <civetweb.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <exception>
#include <utility>

#include "common/http/civetweb_hooks.h"
#include "common/http/message_length.h"
#include "common/http/web_gate.h"
#include "common/mutex.h"
#include "common/net_types.h"
#include "common/text.h"
#include "common/unique_fd.h"

namespace piman::http {
namespace {

/// Below this a response goes out as one buffer and so as one packet; above it the copy would cost more than a send.
constexpr std::size_t kOneWriteBytes = 256UL * 1024;
/// A BodyPart goes out in pieces of this size: what one slow client may hold of the server's memory.
constexpr std::size_t kPieceBytes = 128UL * 1024;

/// How soon a stream with nothing to say notices that the server stops.
constexpr std::chrono::milliseconds kStreamWait{500};

bool kernel_has_ipv6() { return UniqueFd(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)).valid(); }

std::string civetweb_address(const HostPort& address, bool tls) {
  const std::string every = server_has_ipv6() && kernel_has_ipv6() ? "+" : "";
  return concat(address.host.empty() ? concat(every, address.port) : address.to_string(), tls ? "s" : "");
}

std::string view_or_empty(const char* text) { return text == nullptr ? std::string() : std::string(text); }

/// A socket for both families tells IPv4 peers as "::ffff:192.0.2.1" (RFC 4291 section 2.5.5.2). There is one form of
/// an address for whoever compares it: that of IPv4.
std::string peer_address(std::string_view text) {
  constexpr std::string_view kMapped = "::ffff:";
  if (text.starts_with(kMapped) && Ipv4Address::parse(text.substr(kMapped.size()))) text.remove_prefix(kMapped.size());
  return std::string(text);
}

Request request_of(const mg_request_info& info) {
  Request request;
  request.method = view_or_empty(info.request_method);
  request.path = percent_decoded(view_or_empty(info.local_uri_raw), false);
  request.query = view_or_empty(info.query_string);
  request.remote_address = peer_address(info.remote_addr);
  request.headers.reserve(static_cast<std::size_t>(info.num_headers));
  for (int i = 0; i < info.num_headers; ++i) {
    const mg_header& header = info.http_headers[i];
    // civetweb leaves the blanks behind a value, which are not part of it (RFC 9112 section 5.1).
    request.headers.emplace_back(view_or_empty(header.name), trim(view_or_empty(header.value)));
  }
  return request;
}

/// civetweb leaves out lines of the head that it does not understand, such as folded ones and all beyond its 64th, and
/// forgives blanks before a colon: whoever else reads such a head sees another request. It works in its buffer, where
/// NULs stand for what it took: the colon and those blanks, and the end of each line. Behind the last one there must be
/// an empty line. (NULs of the client do not get here.)
bool saw_all_of_head(const mg_request_info& info) {
  for (int i = 0; i < info.num_headers; ++i) {
    const mg_header& header = info.http_headers[i];
    const char* const behind_colon = header.name + std::strlen(header.name) + 1;
    if (std::find(behind_colon, header.value, '\0') != header.value) return false;
  }
  // Nothing shows where the head ends; HTTP/1.0 needs no header, and its connection ends with this answer.
  if (info.num_headers == 0) return view_or_empty(info.http_version) == "1.0";
  // Blanks in front of the first header: civetweb skips them with the end of the line before (RFC 9112 section 2.2).
  if (info.http_headers[0].name - (info.http_version + std::strlen(info.http_version)) > 2) return false;
  const char* const last = info.http_headers[info.num_headers - 1].value;
  const char* next_line = last + std::strlen(last) + 1;
  if (*next_line == '\0') ++next_line;  // of CR LF; a head of bare LFs is refused by what stands behind it
  return *next_line == '\r' || *next_line == '\n';
}

/// Reads the whole body within the request timeout. Errors: the status to refuse it with.
tl::expected<std::string, int> read_body(mg_connection* connection, long long content_length,
                                         const ServerOptions& options) {
  std::string body;
  const bool sized = content_length >= 0;  // else chunked, or no body at all
  const std::size_t limit = options.max_body_bytes;
  if (sized && static_cast<unsigned long long>(content_length) > limit) return tl::unexpected<int>(413);
  const SteadyTime deadline = std::chrono::steady_clock::now() + options.request_timeout;
  const WaitDeadline wait_deadline(deadline);
  while (!sized || body.size() < static_cast<std::size_t>(content_length)) {
    // Byte by byte, as mg_read() waits for all it is asked for, and a full timeout for each piece that drips in.
    // What came with the headers, mostly everything, costs no system call.
    char byte = 0;
    const int got = mg_read(connection, &byte, 1);
    if (got == 0 && !sized) break;
    const bool late = std::chrono::steady_clock::now() > deadline;
    if (got <= 0 || late) return tl::unexpected<int>(late ? 408 : 400);
    if (body.size() == limit) return tl::unexpected<int>(413);
    body.push_back(byte);
  }
  return body;
}

/// RFC 9112 section 9.3; must agree with civetweb, which decides the same way whether to close.
bool client_wants_close(const Request& request, const mg_request_info& info) {
  const std::string_view connection = request.header("Connection");
  if (!connection.empty()) return to_lower(connection).find("keep-alive") == std::string::npos;
  return view_or_empty(info.http_version) != "1.1";
}

void append_head(std::string& out, const Response& response, bool close) {
  out = concat("HTTP/1.1 ", response.status, ' ', reason_phrase(response.status), "\r\n");
  if (!response.content_type.empty()) out += concat("Content-Type: ", response.content_type, "\r\n");
  for (const auto& [name, value] : response.headers) out += concat(name, ": ", value, "\r\n");
  if (close) out += "Connection: close\r\n";
  if (response.status != 204 && response.status != 304 && !response.stream) {
    const std::uint64_t length = response.part ? response.part->length : response.body.size();
    out += concat("Content-Length: ", length, "\r\n");
  }
  out += "\r\n";
}

class CivetwebServer final : public Server {
 public:
  CivetwebServer(const ServerOptions& options, const Router& router, Logger& log)
      : options_(options), router_(router), log_(log) {}

  ~CivetwebServer() override {
    streams_end_ = true;
    if (context_ == nullptr) return;
    ::eventfd_write(stopping_.get(), 1);  // the threads wake, and find the flag that mg_stop() sets at once
    mg_stop(context_);
  }
  CivetwebServer(const CivetwebServer&) = delete;
  CivetwebServer& operator=(const CivetwebServer&) = delete;

  Result<void> start() {
    if (auto opened = open_gate(); !opened) return opened;
    std::string addresses;
    for (const HostPort& address : options_.listen) {
      if (address.is_ipv6 && !server_has_ipv6()) {
        return fail(concat("listening on ", address.to_string(), ": this build has no IPv6"));
      }
      addresses += concat(addresses.empty() ? "" : ",", civetweb_address(address, has_tls()));
    }
    const std::string threads = concat(options_.threads);
    const std::string request_timeout = concat(options_.request_timeout.count());
    const std::string keep_alive_timeout = concat(options_.keep_alive_timeout.count());
    const std::array<const char*, 17> settings = {
        "listening_ports",
        addresses.c_str(),
        "num_threads",
        threads.c_str(),
        "request_timeout_ms",
        request_timeout.c_str(),
        "keep_alive_timeout_ms",
        keep_alive_timeout.c_str(),
        "enable_keep_alive",
        "yes",
        "tcp_nodelay",
        "1",  // without it each keep-alive answer waits 40 ms for a delayed ACK
        "connection_queue",
        "64",
        "decode_url",
        "no",
        nullptr};
    stopping_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!stopping_.valid()) return fail(concat("listening on ", addresses, ": no descriptor is left"));
    mg_callbacks callbacks{};
    callbacks.init_thread = [](const mg_context* context, int) -> void* {
      end_waits_of_this_thread_by(static_cast<CivetwebServer*>(mg_get_user_data(context))->stopping_.get());
      return nullptr;
    };
    callbacks.begin_request = [](mg_connection* connection) { return self(connection).on_request(connection); };
    callbacks.log_message = [](const mg_connection* connection, const char* message) {
      static_cast<CivetwebServer*>(mg_get_user_data(mg_get_context(connection)))->on_message(message);
      return 1;
    };
    if (tls_) {
      callbacks.external_ssl_ctx = [](void** context, void* server) {
        if (*context != nullptr) return 1;  // the server ends, and frees it
        *context = static_cast<CivetwebServer*>(server)->tls_.get();
        return 1;
      };
    }
    context_ = mg_start(&callbacks, this, const_cast<const char**>(settings.data()));
    if (context_ == nullptr) {
      const MutexLock lock(mutex_);
      return fail(concat("listening on ", addresses, ": ", first_message_.empty() ? "refused" : first_message_));
    }
    return {};
  }

  std::vector<std::uint16_t> ports() const override {
    std::vector<std::uint16_t> ports;
    std::array<mg_server_port, 64> found{};
    const int count = mg_get_server_ports(context_, static_cast<int>(found.size()), found.data());
    ports.reserve(found.size());
    for (int i = 0; i < count; ++i) {
      ports.push_back(static_cast<std::uint16_t>(found[static_cast<std::size_t>(i)].port));
    }
    return ports;
  }

  bool has_tls() const override { return tls_ != nullptr; }
  void reload() override {
    if (gate_) gate_->reload();
  }

 private:
  Result<void> open_gate() {
    if (options_.web_config_file.empty()) return {};
    auto gate = WebGate::open(options_.web_config_file, options_.threads, options_.also_admits, log_);
    if (!gate) return tl::unexpected<Error>(gate.error());
    gate_ = std::move(*gate);
    if (!gate_->has_tls()) return {};
    auto context = make_empty_tls_context(*tls_library(), gate_.get());
    if (!context) return tl::unexpected<Error>(context.error());
    tls_ = std::move(*context);
    return {};
  }

  static CivetwebServer& self(const mg_connection* connection) {
    return *static_cast<CivetwebServer*>(mg_get_user_data(mg_get_context(connection)));
  }

  void on_message(const char* message) {
    log_.debug("http", {{"detail", message}});
    const MutexLock lock(mutex_);
    if (first_message_.empty()) first_message_ = message;  // what follows a failed bind says less than it
  }

  int on_request(mg_connection* connection) {
    try {
      return answer(connection);
    } catch (const std::exception& thrown) {  // only memory exhaustion gets here; handlers have their own barrier
      log_.error("http request failed", {{"err", thrown.what()}});
      mg_send_http_error(connection, 500, "%s", "internal error");
      return 500;
    }
  }

  int answer(mg_connection* connection) {
    const mg_request_info& info = *mg_get_request_info(connection);
    Request request = request_of(info);
    if (!has_plain_length(request.headers) || !saw_all_of_head(info)) {
      mg_send_http_error(connection, 400, "%s", "where this request ends can be read in more than one way");
      return 400;
    }
    if (gate_) {
      if (Response refused; !may_pass(request, refused)) {
        mg_disable_connection_keep_alive(connection);  // its body is never read
        send(connection, refused, true, request.method == "HEAD");
        return refused.status;
      }
    }
    auto body = read_body(connection, info.content_length, options_);
    if (!body) {
      // civetweb's own error answer also closes the connection, so that the rest of the body is never read.
      mg_send_http_error(connection, body.error(), "%s", "the request body is too large, incomplete or too slow");
      return body.error();
    }
    request.body = std::move(*body);
    const bool close = client_wants_close(request, info);
    const bool head_only = request.method == "HEAD";
    Response response = router_.dispatch(request);
    if (gate_) add_headers(response);
    send(connection, response, close, head_only);
    return response.status;
  }

  bool may_pass(const Request& request, Response& refused) const {
    auto answer = gate_->refuse(request);
    if (!answer) return true;
    refused = std::move(*answer);
    add_headers(refused);
    return false;
  }

  void add_headers(Response& response) const {
    for (auto& header : gate_->headers()) response.headers.push_back(std::move(header));
  }

  void send(mg_connection* connection, const Response& response, bool close, bool head_only) const {
    thread_local std::string out;
    append_head(out, response, close || response.stream != nullptr);
    if (response.stream) {
      mg_disable_connection_keep_alive(connection);
      if (write_all(connection, out) && !head_only) send_stream(connection, *response.stream);
    } else if (response.part) {
      const bool head_sent = write_all(connection, out);
      std::uint64_t sent = 0;
      if (head_sent && !head_only) sent = send_part(connection, *response.part);
      if (response.part->on_end) response.part->on_end(sent);
    } else if (head_only) {
      write_all(connection, out);
    } else if (response.body.size() <= kOneWriteBytes) {
      out += response.body;
      write_all(connection, out);
    } else if (write_all(connection, out)) {
      write_all(connection, response.body);
    }
  }

  /// False when the client did not take it all; then the connection ends, for the next answer on it would be taken for
  /// the rest of this one.
  static bool write_all(mg_connection* connection, std::string_view bytes) {
    const int written = mg_write(connection, bytes.data(), bytes.size());
    if (written >= 0 && static_cast<std::size_t>(written) == bytes.size()) return true;
    mg_disable_connection_keep_alive(connection);
    return false;
  }

  /// Until the stream ends, its client is gone, or the server stops.
  void send_stream(mg_connection* connection, BodyStream& stream) const {
    std::string piece;
    for (bool goes_on = true; goes_on && !streams_end_;) {
      piece.clear();
      goes_on = stream.next(piece, kStreamWait);
      if (!piece.empty() && !write_all(connection, piece)) return;
    }
  }

  /// Returns how many bytes the client's connection took.
  std::uint64_t send_part(mg_connection* connection, const BodyPart& part) const {
    thread_local std::vector<char> buffer(kPieceBytes);
    const auto deadline = std::chrono::steady_clock::now() + options_.send_timeout;
    std::uint64_t sent = 0;
    while (sent < part.length) {
      const std::uint64_t room = std::min<std::uint64_t>(buffer.size(), part.length - sent);
      const std::string_view piece =
          part.source->read(part.first + sent, {buffer.data(), static_cast<std::size_t>(room)});
      const bool late = std::chrono::steady_clock::now() > deadline;
      if (piece.empty() || piece.size() > room || late) {  // what was announced can't be kept: say so by closing
        mg_disable_connection_keep_alive(connection);
        break;
      }
      if (!write_all(connection, piece)) break;
      sent += piece.size();
    }
    return sent;
  }

  const ServerOptions options_;
  const Router& router_;
  Logger& log_;
  std::unique_ptr<WebGate> gate_;
  TlsContext tls_;     ///< stands for the gate in civetweb's hands
  UniqueFd stopping_;  ///< readable from the moment that the server stops
  mg_context* context_ = nullptr;
  std::atomic<bool> streams_end_ = false;
  Mutex mutex_;
  std::string first_message_ PIMAN_GUARDED_BY(mutex_);
};

}  // namespace

bool server_has_ipv6() { return PIMAN_HTTP_IPV6 != 0; }
bool server_has_tls() { return PIMAN_HTTP_TLS != 0; }

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, const Router& router, Logger& log) {
  auto server = std::make_unique<CivetwebServer>(options, router, log);
  if (auto started = server->start(); !started) return fail(started.error().message);
  return server;
}

}  // namespace piman::http
