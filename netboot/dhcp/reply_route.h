// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "netboot/dhcp/packet.h"

/// Where a reply goes. Source: RFC 2131 section 4.1, RFC 4578 (port 4011).
namespace piman::netboot::dhcp {

struct ReplyRoute {
  enum class Kind : std::uint8_t {
    kFrame,      ///< an Ethernet frame to `mac` with `address` as its IP destination: the client cannot answer ARP yet
    kBroadcast,  ///< to everybody on the wire, 255.255.255.255
    kUnicast,    ///< an ordinary datagram to `address`: a relay, or a client that has its address
  };
  enum class Port : std::uint8_t { kServer, kClient, kSource };

  Kind kind = Kind::kBroadcast;
  Ipv4Address address;
  MacAddress mac;
  Port port = Port::kClient;  ///< kSource: the one that the request came from, which `address` is the source of, too

  bool operator==(const ReplyRoute&) const = default;
};

/// `reply` is complete but for its route. `source` is where the request came from; `to_source`: it came to port 4011.
ReplyRoute route_reply(const Packet& request, const Packet& reply, MessageType type, Ipv4Address source,
                       bool to_source);

}  // namespace piman::netboot::dhcp
