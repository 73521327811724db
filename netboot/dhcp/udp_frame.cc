// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/udp_frame.h"

#include <algorithm>

namespace piman::netboot::dhcp {
namespace {

constexpr std::uint8_t kVersionAndWords = 0x45, kTimeToLive = 64, kUdp = 17;
constexpr std::uint16_t kDontFragment = 0x4000;
constexpr std::size_t kIpBytes = 20, kUdpBytes = 8;

template <std::size_t N>
void put_u16(std::array<std::uint8_t, N>& out, std::size_t at, std::uint32_t value) {
  out[at] = static_cast<std::uint8_t>(value >> 8);
  out[at + 1] = static_cast<std::uint8_t>(value);
}
template <std::size_t N>
void put_u32(std::array<std::uint8_t, N>& out, std::size_t at, std::uint32_t value) {
  put_u16(out, at, value >> 16);
  put_u16(out, at + 2, value & 0xFFFF);
}

/// The sum of 16-bit words (RFC 1071), unfolded; an odd byte at the end counts as the upper half.
std::uint32_t add_words(Bytes bytes, std::uint32_t sum) {
  std::size_t i = 0;
  for (; i + 1 < bytes.size(); i += 2) sum += static_cast<std::uint32_t>(bytes[i] << 8 | bytes[i + 1]);
  if (i < bytes.size()) sum += static_cast<std::uint32_t>(bytes[i] << 8);
  return sum;
}

std::uint16_t fold(std::uint32_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace

std::array<std::uint8_t, kUdpFrameHeaderBytes> udp_frame_header(const UdpAddresses& addresses, Bytes payload) {
  std::array<std::uint8_t, kUdpFrameHeaderBytes> out{};
  const auto udp_length = static_cast<std::uint32_t>(kUdpBytes + payload.size());
  out[0] = kVersionAndWords;
  put_u16(out, 2, static_cast<std::uint32_t>(kIpBytes) + udp_length);
  put_u16(out, 6, kDontFragment);
  out[8] = kTimeToLive;
  out[9] = kUdp;
  put_u32(out, 12, addresses.source.value());
  put_u32(out, 16, addresses.destination.value());
  put_u16(out, 10, fold(add_words(Bytes(out).first(kIpBytes), 0)));
  put_u16(out, 20, addresses.source_port);
  put_u16(out, 22, addresses.destination_port);
  put_u16(out, 24, udp_length);
  // The pseudo header: addresses, protocol, length.
  const std::uint32_t sum = add_words(Bytes(out).subspan(12, 8), kUdp + udp_length);
  const std::uint16_t checksum = fold(add_words(payload, add_words(Bytes(out).subspan(kIpBytes), sum)));
  put_u16(out, 26, checksum == 0 ? 0xFFFF : checksum);  // 0 would mean: none
  return out;
}

std::array<std::uint8_t, kArpBytes> arp_probe(const MacAddress& ours, Ipv4Address address) {
  // Ethernet, IPv4, 6 and 4 bytes of address, request.
  std::array<std::uint8_t, kArpBytes> out{0, 1, 8, 0, 6, 4, 0, 1};
  std::copy(ours.bytes().begin(), ours.bytes().end(), out.begin() + 8);
  put_u32(out, 24, address.value());
  return out;
}

std::optional<ArpSender> parse_arp(Bytes packet) {
  constexpr std::array<std::uint8_t, 7> kBegin{0, 1, 8, 0, 6, 4, 0};
  if (packet.size() < kArpBytes || !std::equal(kBegin.begin(), kBegin.end(), packet.begin())) return std::nullopt;
  std::array<std::uint8_t, 6> mac;
  std::copy_n(packet.begin() + 8, mac.size(), mac.begin());
  std::uint32_t address = 0;
  for (const std::uint8_t byte : packet.subspan(14, 4)) address = address << 8 | byte;
  if (address == 0) return std::nullopt;
  return ArpSender{MacAddress(mac), Ipv4Address(address)};
}

}  // namespace piman::netboot::dhcp
