// SPDX-License-Identifier: Apache-2.0
#include "manager/http_boot/http_boot.h"

#include <chrono>
#include <string>
#include <utility>

#include "common/text.h"

namespace piman::manager {
namespace {

constexpr std::size_t kMostRequestBodyBytes = 8192;  // a request for a certificate
/// How long a client may take nothing. Old bootloaders have no receive window and lose seconds at each lost packet.
constexpr std::chrono::seconds kStalled{20};
/// Little, as each open connection holds a thread: bootloaders open a new one for each file.
constexpr std::chrono::seconds kIdle{3};
/// 128 MiB at 220 kB/s, far below the slowest Pi.
constexpr std::chrono::minutes kWholeTransfer{10};

}  // namespace

HttpBoot::HttpBoot(const HttpBootSettings& settings, BootRoutesParts parts, Logger& log)
    : routes_(std::move(parts), settings.routes) {
  routes_.add_to(router_);
  router_.on_exception([&log](const http::Request& request, std::string_view what) {
    log.error("boot file request failed", {{"client", request.remote_address}, {"err", std::string(what)}});
  });
}

Result<std::unique_ptr<HttpBoot>> HttpBoot::start(const HttpBootSettings& settings, BootRoutesParts parts,
                                                  InstallRoutes* install, Logger& log) {
  std::unique_ptr<HttpBoot> boot(new HttpBoot(settings, std::move(parts), log));
  if (install != nullptr) install->add_to(boot->router_);
  http::ServerOptions options;
  options.listen = {settings.listen_address};
  options.threads = settings.threads;
  options.max_body_bytes = kMostRequestBodyBytes;
  options.request_timeout = kStalled;
  options.keep_alive_timeout = kIdle;
  options.send_timeout = kWholeTransfer;
  auto server = http::Server::start(options, boot->router_, log);
  if (!server) return fail_with("boot files over HTTP", server.error());
  boot->server_ = std::move(*server);
  return boot;
}

}  // namespace piman::manager
