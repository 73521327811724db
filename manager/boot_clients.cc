// SPDX-License-Identifier: Apache-2.0
#include "manager/boot_clients.h"

#include <memory>

namespace piman::manager {
namespace {

/// What a client that named no program is taken for: firmware, which is the one that must be spared.
bool may_be_pi_firmware(std::string_view model) { return model.starts_with("pi") || model == "other" || model.empty(); }

}  // namespace

std::optional<netboot::tftp::BootClient> BootClients::find(Ipv4Address address) const {
  netboot::tftp::BootClient client;
  const auto hosts = hosts_.hosts();
  const netboot::Host* host = hosts->find(address);
  {
    const MutexLock lock(mutex_);
    const auto found = seen_.find(address);
    if (found == seen_.end() && host == nullptr) return std::nullopt;
    if (found != seen_.end()) {
      // A node that got an address of the pool although one is reserved for it (behind a relay) is still that node.
      if (host == nullptr) host = hosts->find(found->second.mac);
      if (host == nullptr) client.host.mac = found->second.mac;
      if (host == nullptr || host->mac == found->second.mac) {
        client.serial = found->second.serial;
        client.hangs_on_duplicates = found->second.is_pi_firmware;
      }
    }
  }
  if (host != nullptr) client.host = *host;
  client.host.address = address;
  return client;
}

void BootClients::on_dhcp(const netboot::DhcpEvent& event) {
  const bool gives_address = event.sent == "OFFER" || event.sent == "ACK";
  if (gives_address && event.address != Ipv4Address()) {
    const bool begins = event.received == "DISCOVER" && may_be_pi_firmware(event.client.model);
    {
      const MutexLock lock(mutex_);
      if (seen_.size() >= kMostSeen) seen_.clear();
      Seen& seen = seen_[event.address];
      if (seen.mac != event.mac) seen = {event.mac, std::nullopt, true};
      if (event.client.serial) seen.serial = event.client.serial;
      seen.is_pi_firmware = may_be_pi_firmware(event.client.model);
    }
    if (begins && begin_) begin_(event.address);
  }
  next_.on_dhcp(event);
}

}  // namespace piman::manager
