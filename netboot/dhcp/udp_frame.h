// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "common/net_types.h"
#include "netboot/dhcp/options.h"

/// Headers that piman writes itself where the kernel can't: towards clients that have no address yet, and ARP. Pure.
namespace piman::netboot::dhcp {

inline constexpr std::size_t kUdpFrameHeaderBytes = 28;
inline constexpr std::size_t kArpBytes = 28;

struct UdpAddresses {
  Ipv4Address source, destination;
  std::uint16_t source_port = 0, destination_port = 0;
};

/// IPv4 and UDP header, both with checksum, of a datagram with this payload. Source: RFC 791, RFC 768.
std::array<std::uint8_t, kUdpFrameHeaderBytes> udp_frame_header(const UdpAddresses& addresses, Bytes payload);

/// "Who has `address`?" from nobody, which changes no one's ARP table (RFC 5227 section 2.1.1).
std::array<std::uint8_t, kArpBytes> arp_probe(const MacAddress& ours, Ipv4Address address);

struct ArpSender {
  MacAddress mac;
  Ipv4Address address;
};
/// Who sent this ARP packet and uses which address. Nothing when it is none for IPv4 over Ethernet, or a probe.
std::optional<ArpSender> parse_arp(Bytes packet);

}  // namespace piman::netboot::dhcp
