// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "common/log.h"
#include "common/result.h"
#include "manager/config.h"
#include "manager/http_boot/install_routes.h"
#include "netboot/dhcp/config.h"
#include "netboot/dhcp/lease_store.h"
#include "netboot/dhcp/pool_use.h"
#include "netboot/hosts.h"
#include "netboot/install/service.h"
#include "netboot/observer.h"

/// Netboot as part of the manager: DHCP, TFTP and the bootloaders' console on one thread.
namespace piman::manager {

/// What the configuration says, as netboot wants it. Pure.
netboot::dhcp::ResponderConfig responder_config(const Config& config);

/// What installs nodes, seen from netboot. All references must outlive the server.
struct InstallSide {
  netboot::install::Intents& intents;
  netboot::install::InstallObserver& observer;
  InstallRoutes& images;
  netboot::install::GroupOf group_of;
};

/// Thread-safety: made and destroyed on one thread; pool_use() may be called from any.
class NetbootServer {
 public:
  /// Opens all sockets, so that what can't be had is known before anything is served. What is passed by reference must
  /// outlive it; `install` null: no node is installed. Errors: a port, an interface, the boot root or the stored leases
  /// can't be had; they say which.
  static Result<std::unique_ptr<NetbootServer>> start(const Config& config, const netboot::HostDirectory& hosts,
                                                      netboot::dhcp::LeaseStore& leases, netboot::Observer& observer,
                                                      const InstallSide* install, Logger& log);
  /// Ends the thread; transfers under way end as stopped.
  ~NetbootServer();
  NetbootServer(const NetbootServer&) = delete;
  NetbootServer& operator=(const NetbootServer&) = delete;

  /// See dhcp::Service; empty without DHCP.
  std::vector<netboot::dhcp::PoolUse> pool_use() const;

 private:
  class Impl;
  explicit NetbootServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace piman::manager
