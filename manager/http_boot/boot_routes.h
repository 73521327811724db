// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/http_types.h"
#include "common/mutex.h"
#include "common/net_types.h"
#include "netboot/observer.h"
#include "netboot/tftp/boot_files.h"
#include "netboot/tftp/boot_tree.h"

/// Boot files over HTTP: the same tree of each node as over TFTP.
///     GET /boot/NAME                    any file of the node's tree (iPXE, U-Boot, an installer)
///     GET /net_install/boot.sig, .img   what Raspberry Pi bootloaders ask for; the folder is their HTTP_PATH
/// Who asks is told by its address, as in TFTP: nothing in a request names a node.
namespace piman::manager {

struct BootRoutesParts {
  /// Must outlive the routes.
  const netboot::tftp::BootFiles& files;
  /// Who has this address? Called on the server's threads, several at once.
  std::function<std::optional<netboot::tftp::BootClient>(Ipv4Address)> find_client;
  /// Told of beginnings and ends of transfers on the server's threads, several at once: it must hand them on to
  /// whatever thread the Observer lives on.
  std::function<void(const netboot::TransferEvent&)> report;
};

struct BootRoutesSettings {
  std::string install_path = "net_install";  ///< HTTP_PATH of the bootloaders, without slashes at its ends
  /// What templates say for {{server}}. 0.0.0.0: the address in the request's Host header.
  Ipv4Address server_address;
  /// Of one node at the same time; beyond, 503. A node loads one file after another.
  unsigned max_transfers_of_a_client = 8;
};

/// Thread-safety: answer() may be called from several threads.
class BootRoutes {
 public:
  BootRoutes(BootRoutesParts parts, BootRoutesSettings settings);

  /// Adds the routes; this must outlive `router`'s last dispatch.
  void add_to(http::Router& router);

  /// The file `name` of the tree of whoever sent `request`.
  http::Response answer(const http::Request& request, std::string_view name);

 private:
  class Transfer;

  http::Response refuse(const http::Request& request, Ipv4Address client, int status, std::string_view outcome,
                        std::string_view path = {});
  bool take_place(Ipv4Address client);
  void give_place_back(Ipv4Address client);
  std::uint64_t next_id();

  const BootRoutesParts parts_;
  const BootRoutesSettings settings_;
  std::atomic<std::uint64_t> last_id_ = 0;
  Mutex mutex_;
  std::map<Ipv4Address, unsigned> transfers_ PIMAN_GUARDED_BY(mutex_);
};

}  // namespace piman::manager
