// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/reply_route.h"

namespace piman::netboot::dhcp {
namespace {

const Ipv4Address kNowhere;
const Ipv4Address kEverybody(0xFFFF'FFFF);

}  // namespace

ReplyRoute route_reply(const Packet& request, const Packet& reply, MessageType type, Ipv4Address source,
                       bool to_source) {
  using Kind = ReplyRoute::Kind;
  using Port = ReplyRoute::Port;
  if (request.giaddr != kNowhere) return {Kind::kUnicast, request.giaddr, {}, Port::kServer};
  if (to_source && source != kNowhere) return {Kind::kUnicast, source, {}, Port::kSource};
  // A NAK's client is not to use its address any more.
  if (type == MessageType::kNak) return {Kind::kBroadcast, kEverybody, {}, Port::kClient};
  if (request.ciaddr != kNowhere) return {Kind::kUnicast, request.ciaddr, {}, Port::kClient};
  if ((request.flags & kBroadcastFlag) != 0 || reply.yiaddr == kNowhere) {
    return {Kind::kBroadcast, kEverybody, {}, Port::kClient};
  }
  return {Kind::kFrame, reply.yiaddr, request.chaddr, Port::kClient};
}

}  // namespace piman::netboot::dhcp
