// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "common/http/server.h"
#include "common/http_types.h"
#include "common/log.h"
#include "common/net_types.h"
#include "common/result.h"
#include "manager/http_boot/boot_routes.h"
#include "manager/http_boot/install_routes.h"

/// The listener that boot files are served on. Not the manager's own: that one can be kept from the Pis' network, and a
/// storm of boots takes no thread from the page. Plain HTTP: a bootloader has no certificates, and checks a signature.
namespace piman::manager {

struct HttpBootSettings {
  HostPort listen_address{"", 80, false};  ///< bootloaders ask port 80 unless their HTTP_PORT says otherwise
  int threads = 64;                        ///< transfers at the same time; more wait for their turn
  BootRoutesSettings routes;
};

/// Thread-safety: made and destroyed on one thread, which waits for the transfers under way to be cut (about a second).
class HttpBoot {
 public:
  /// What `parts` refers to and `log` must outlive it. Errors: the address is taken, forbidden or not of this machine.
  /// `install`: images of installs are served as well; null: they are not.
  static Result<std::unique_ptr<HttpBoot>> start(const HttpBootSettings& settings, BootRoutesParts parts,
                                                 InstallRoutes* install, Logger& log);
  std::uint16_t port() const { return server_->ports().at(0); }

 private:
  HttpBoot(const HttpBootSettings& settings, BootRoutesParts parts, Logger& log);

  BootRoutes routes_;
  http::Router router_;
  std::unique_ptr<http::Server> server_;  ///< last, so that it ends before what its requests use
};

}  // namespace piman::manager
