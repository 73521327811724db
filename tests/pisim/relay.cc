// SPDX-License-Identifier: Apache-2.0
#include "tests/pisim/relay.h"

#include <algorithm>
#include <utility>

namespace piman::pisim {
namespace {

// Fields of a BOOTP message.
constexpr std::size_t kHops = 3;
constexpr std::size_t kFlags = 10;
constexpr std::size_t kYiaddr = 16;
constexpr std::size_t kGiaddr = 24;
constexpr std::size_t kChaddr = 28;
constexpr std::size_t kFixedPart = 236;
constexpr std::uint16_t kServerPort = 67;
constexpr std::uint16_t kClientPort = 68;

}  // namespace

Relay::Relay(const RelaySettings& settings) : settings_(settings) {}

MacAddress Relay::mac() { return MacAddress({0x02, 0x50, 0x49, 0xFF, 0xFF, 0x01}); }

Bytes Relay::redirected(ByteView frame, const MacAddress& destination) {
  Bytes copy(frame.begin(), frame.end());
  std::copy_n(destination.bytes().begin(), 6, copy.begin());
  const MacAddress own = mac();
  std::copy_n(own.bytes().begin(), 6, copy.begin() + 6);
  return copy;
}

/// Frames wait for the server's MAC, which is asked for with each of them.
void Relay::to_server(Bytes frame, Output& out) {
  if (server_mac_) {
    std::copy_n(server_mac_->bytes().begin(), 6, frame.begin());
    out.to_wire.push_back(std::move(frame));
    return;
  }
  if (waiting_.size() < kMaxWaiting) waiting_.push_back(std::move(frame));
  out.to_wire.push_back(make_arp_frame({kArpRequest, mac(), settings_.outside, MacAddress(), settings_.server}));
}

void Relay::relay_request(const UdpPacket& packet, Output& out) {
  if (packet.payload.size() < kFixedPart) return;
  Bytes message(packet.payload.begin(), packet.payload.end());
  ++message[kHops];
  const Bytes giaddr = ByteWriter().ip(settings_.inside).take();
  std::copy(giaddr.begin(), giaddr.end(), message.begin() + kGiaddr);
  UdpPacket relayed;
  relayed.source_mac = mac();
  relayed.source = settings_.outside;
  relayed.destination = settings_.server;
  relayed.source_port = relayed.destination_port = kServerPort;
  relayed.payload = message;
  to_server(make_udp_frame(relayed), out);
}

void Relay::relay_reply(const UdpPacket& packet, Output& out) {
  if (packet.payload.size() < kFixedPart) return;
  const Ipv4Address yiaddr = ByteReader(packet.payload.subspan(kYiaddr)).ip();
  const MacAddress chaddr = ByteReader(packet.payload.subspan(kChaddr)).mac();
  const bool broadcast = (packet.payload[kFlags] & 0x80U) != 0 || yiaddr == Ipv4Address();
  if (yiaddr != Ipv4Address()) neighbours_[yiaddr.value()] = chaddr;
  UdpPacket reply;
  reply.source_mac = mac();
  reply.destination_mac = broadcast ? broadcast_mac() : chaddr;
  reply.source = settings_.inside;
  reply.destination = broadcast ? Ipv4Address(kBroadcastAddress) : yiaddr;
  reply.source_port = kServerPort;
  reply.destination_port = kClientPort;
  reply.payload = packet.payload;
  out.to_pis.push_back(make_udp_frame(reply));
}

void Relay::from_pi(ByteView frame, Output& out) {
  const ParsedFrame parsed = parse_frame(frame);
  if (const auto* arp = std::get_if<ArpPacket>(&parsed)) {
    if (arp->operation != kArpRequest || arp->target != settings_.inside) return;
    out.to_pis.push_back(make_arp_frame({kArpReply, mac(), settings_.inside, arp->sender_mac, arp->sender}));
  } else if (const auto* udp = std::get_if<UdpPacket>(&parsed)) {
    if (is_broadcast(udp->destination_mac)) {
      if (udp->destination_port == kServerPort) relay_request(*udp, out);
    } else if (udp->destination_mac == mac()) {
      to_server(redirected(frame, MacAddress()), out);
    }
  }
}

void Relay::from_wire(ByteView frame, bool checksums_filled, Output& out) {
  const MacAddress destination = destination_of(frame);
  if (destination != mac() && !is_broadcast(destination)) return;
  const ParsedFrame parsed = parse_frame(frame, checksums_filled);
  if (const auto* arp = std::get_if<ArpPacket>(&parsed)) {
    if (arp->operation == kArpRequest && arp->target == settings_.outside) {
      out.to_wire.push_back(make_arp_frame({kArpReply, mac(), settings_.outside, arp->sender_mac, arp->sender}));
    } else if (arp->operation == kArpReply && arp->sender == settings_.server) {
      server_mac_ = arp->sender_mac;
      for (Bytes& waiting : std::exchange(waiting_, {})) to_server(std::move(waiting), out);
    }
  } else if (const auto* udp = std::get_if<UdpPacket>(&parsed)) {
    const auto neighbour = neighbours_.find(udp->destination.value());
    if (udp->destination_port == kServerPort && udp->destination == settings_.inside) {
      relay_reply(*udp, out);
    } else if (neighbour != neighbours_.end() && destination == mac()) {
      // Made anew: the checksum that hardware should have filled in would be wrong on the other side.
      UdpPacket forwarded = *udp;
      forwarded.source_mac = mac();
      forwarded.destination_mac = neighbour->second;
      --forwarded.ttl;
      out.to_pis.push_back(make_udp_frame(forwarded));
    }
  }
}

}  // namespace piman::pisim
