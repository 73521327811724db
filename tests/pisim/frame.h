// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <variant>

#include "common/net_types.h"
#include "tests/pisim/bytes.h"
#include "tests/pisim/finding.h"

/// Ethernet frames with ARP (RFC 826) or UDP over IPv4 (RFC 768, 791) in them. Pure.
namespace piman::pisim {

constexpr std::uint16_t kArpRequest = 1;
constexpr std::uint16_t kArpReply = 2;

struct ArpPacket {
  std::uint16_t operation = 0;
  MacAddress sender_mac;
  Ipv4Address sender;
  MacAddress target_mac;
  Ipv4Address target;
};

struct UdpPacket {
  MacAddress source_mac;
  MacAddress destination_mac;
  Ipv4Address source;
  Ipv4Address destination;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint8_t ttl = 64;
  ByteView payload;  ///< within the frame
};

/// Neither ARP nor UDP; a NIC takes it in nevertheless, and the mask ROM of a 3B waits for such.
struct OtherFrame {};
/// What no network stack would pass on.
struct BadFrame {
  Finding why;
};

using ParsedFrame = std::variant<OtherFrame, BadFrame, ArpPacket, UdpPacket>;

/// `checksums_filled`: false for a frame that a kernel left the UDP checksum of to the hardware, which veth has none
/// of.
ParsedFrame parse_frame(ByteView frame, bool checksums_filled = true);

/// To the broadcast address as a request, to `packet.target_mac` as a reply. 60 bytes, as Ethernet asks.
Bytes make_arp_frame(const ArpPacket& packet);
/// With a right IPv4 header checksum and the UDP checksum 0 ("none"), as the boot ROMs send it.
Bytes make_udp_frame(const UdpPacket& packet);

/// Where a frame is for. Empty frames are for nobody.
MacAddress destination_of(ByteView frame);
bool is_broadcast(const MacAddress& mac);
MacAddress broadcast_mac();
constexpr std::uint32_t kBroadcastAddress = 0xFFFF'FFFF;

/// RFC 1071 over `bytes`, begun with `sum`; not yet complemented.
std::uint32_t internet_sum(ByteView bytes, std::uint32_t sum = 0);
std::uint16_t folded(std::uint32_t sum);

}  // namespace piman::pisim
