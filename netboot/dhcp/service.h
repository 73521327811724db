// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/result.h"
#include "netboot/asio.h"
#include "netboot/dhcp/config.h"
#include "netboot/dhcp/lease_store.h"
#include "netboot/dhcp/pool_use.h"
#include "netboot/hosts.h"
#include "netboot/observer.h"

/// DHCP on the wire: sockets and timers around Responder, which decides.
namespace piman::netboot::dhcp {

struct ServiceConfig {
  ResponderConfig responder;
  std::vector<std::string> interfaces;                                  ///< Ethernet, up, with an IPv4 address each
  std::uint16_t server_port = 67, client_port = 68, proxy_port = 4011;  ///< others than these: for tests
  std::chrono::milliseconds probe_wait{350};
};

/// Thread-safety: pool_use() may be called from any thread. Made and destroyed on the thread that runs the io_context,
/// or while nobody runs it. Directory, store and observer outlive it; the io_context outlives the commits that the
/// store runs.
class Service {
 public:
  /// Reads the stored leases (may block), opens the sockets (needs CAP_NET_RAW, CAP_NET_BIND_SERVICE; with
  /// CAP_NET_ADMIN the Pis' neighbour entries are kept, too) and waits for messages in `io`.
  static Result<std::unique_ptr<Service>> start(asio::io_context& io, ServiceConfig config,
                                                const HostDirectory& directory, LeaseStore& store, Observer& observer);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// What is left of each pool, at most kPoolLook old. Empty where hosts that are not in the inventory get no address.
  std::vector<PoolUse> pool_use() const;
  /// So often is looked for what ended, and for new reservations, while no message comes.
  static constexpr std::chrono::seconds kPoolLook{5};

 private:
  class Impl;
  explicit Service(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace piman::netboot::dhcp
