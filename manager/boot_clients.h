// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/mutex.h"
#include "common/net_types.h"
#include "netboot/hosts.h"
#include "netboot/observer.h"
#include "netboot/tftp/boot_tree.h"

/// Who has which address, as DHCP gave it out and the inventory reserves it: for whoever serves files. Stands between
/// netboot and the observer that records, and learns from what passes.
namespace piman::manager {

/// Thread-safety: all methods may be called from any thread; on_*() come from the netboot thread.
class BootClients final : public netboot::Observer {
 public:
  /// Both must outlive it.
  BootClients(const netboot::HostDirectory& hosts, netboot::Observer& next) : hosts_(hosts), next_(next) {}

  /// Nothing for an address that is neither reserved nor was given out.
  std::optional<netboot::tftp::BootClient> find(Ipv4Address address) const;

  /// Called on the netboot thread with the address of a client that begins to boot. Set it before DHCP is served.
  void on_boot(std::function<void(Ipv4Address)> begin) { begin_ = std::move(begin); }

  void on_dhcp(const netboot::DhcpEvent& event) override;
  void on_transfer(const netboot::TransferEvent& event) override { next_.on_transfer(event); }
  void on_console(const netboot::ConsoleLine& line) override { next_.on_console(line); }
  void on_malformed(std::string_view protocol, std::string_view reason) override {
    next_.on_malformed(protocol, reason);
  }

 private:
  struct Seen {
    MacAddress mac;
    std::optional<std::uint32_t> serial;  ///< stays known when the kernel, which does not tell it, asks later
    bool is_pi_firmware = true;           ///< what the client with this address ran last
  };
  /// More addresses than this are on no wire that we serve; the table starts anew then.
  static constexpr std::size_t kMostSeen = 65'536;

  const netboot::HostDirectory& hosts_;
  netboot::Observer& next_;
  std::function<void(Ipv4Address)> begin_;
  mutable Mutex mutex_;
  std::unordered_map<Ipv4Address, Seen, netboot::HashAddress> seen_ PIMAN_GUARDED_BY(mutex_);
};

}  // namespace piman::manager
