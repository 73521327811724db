// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/net_types.h"
#include "netboot/dhcp/packet.h"

/// Is there a DHCP server on a wire already? What a Pi would ask, and what the answers say. Pure.
namespace piman::netboot::dhcp {

/// A server that answered.
struct OtherServer {
  Ipv4Address address;
  Ipv4Address offered;         ///< 0.0.0.0: it gives no addresses
  bool tells_of_boot = false;  ///< it says where to boot from

  bool gives_addresses() const { return offered != Ipv4Address(); }
  bool operator==(const OtherServer&) const = default;
};

/// A DISCOVER as boot programs send it, so that proxies answer, too; by broadcast, for there is no address yet.
Packet server_query(const MacAddress& ours, std::uint32_t xid, std::uint16_t seconds);

/// The payload of an IPv4 packet that is one whole UDP datagram for `port`. Checksums are left alone: a virtual wire
/// does not compute them.
std::optional<Bytes> udp_payload(Bytes packet, std::uint16_t port);

/// Who answered `query` with this payload from `source`; nothing when it is no answer to it.
std::optional<OtherServer> server_of(Bytes payload, Ipv4Address source, const Packet& query);

/// Adds `found` to `servers`, where one may have answered twice. At most kMostOtherServers are kept.
inline constexpr std::size_t kMostOtherServers = 16;
void add_server(std::vector<OtherServer>& servers, const OtherServer& found);

}  // namespace piman::netboot::dhcp
