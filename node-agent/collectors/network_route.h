// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node-agent/collector.h"
#include "node-agent/netlink.h"
#include "node-agent/netlink_codec.h"

/// The routes that lead somewhere (unicast), of IPv4 and IPv6 and all routing tables, from rtnetlink(7).
namespace piman::agent {

/// One way of a route; a route over several paths has several. Texts are as the labels hold them.
struct Route {
  std::uint32_t device = 0;  ///< its number; 0 where a route has none
  std::string destination;   ///< "192.0.2.0/24", "default"
  std::string gateway;       ///< empty: the network is at hand, or the gateway is of the other family
  std::string source;        ///< the address that is sent from, where the route says one
  std::uint32_t priority = 0;
  std::uint8_t protocol = 0;  ///< who made it: RTPROT_*
  std::uint32_t weight = 0;   ///< among the paths of its route, from 1; 0: it has one path only
};

/// From RTM_NEWROUTE messages. Pure. Errors: a message that is broken, too short, or has an address of a wrong length.
Result<std::vector<Route>> parse_routes(NetlinkBytes messages);
/// "dhcp", "kernel", ...; "unknown" for those without a name. Pure.
std::string_view route_protocol_name(std::uint8_t protocol);
/// An IPv6 address of 16 bytes as RFC 5952 wants it, an IPv4 address of 4 with dots; nothing of other lengths. Pure.
std::optional<std::string> address_text(NetlinkBytes address);

Result<std::unique_ptr<Collector>> make_network_route_collector(const CollectorContext& context);
/// The same with another source of answers; null: there are none to be had.
std::unique_ptr<Collector> make_network_route_collector_from(std::unique_ptr<NetlinkSource> netlink);

}  // namespace piman::agent
