// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/http_types.h"
#include "common/log.h"
#include "common/net_types.h"
#include "common/result.h"

namespace piman::http {

struct ServerOptions {
  std::vector<HostPort> listen;                          ///< port 0: a free one, see Server::ports()
  int threads = 4;                                       ///< one is held by each live connection
  std::size_t max_body_bytes = 64UL * 1024;              ///< a larger request body is answered with 413
  std::chrono::milliseconds request_timeout{5000};       ///< for reading one request
  std::chrono::milliseconds keep_alive_timeout{30'000};  ///< how long an idle connection may hold its thread
  std::chrono::milliseconds send_timeout{900'000};       ///< for one BodyPart, however steadily the client reads
  std::string web_config_file;                           ///< TLS and who may ask (web_config.h); empty: neither
  std::function<bool(const Request&)> also_admits;       ///< who may ask without credentials of that file; none: nobody
};

/// The HTTP server of agent and manager, and the only user of civetweb. Parses requests, hands them to a Router and
/// writes what comes back. Requests run on `threads` worker threads.
/// Errors: a taken or forbidden address is a Result that names it. An exception out of a handler becomes a 500.
/// Thread-safety: start, ports and the destructor belong to one thread.
class Server {
 public:
  /// `router` and `log` must outlive the server.
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, const Router& router, Logger& log);
  /// Finishes the requests in progress and stops: at once where there are none, in up to 2 s with Debian's library.
  virtual ~Server() = default;
  /// The ports that are listened on, in the order of the options.
  virtual std::vector<std::uint16_t> ports() const = 0;
  virtual bool has_tls() const = 0;
  /// Reads the web configuration again now, without waiting until a change of its files is noticed.
  virtual void reload() = 0;
};

/// Whether this build can listen on IPv6 addresses, and speak TLS.
bool server_has_ipv6();
bool server_has_tls();

}  // namespace piman::http
