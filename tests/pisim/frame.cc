// SPDX-License-Identifier: Apache-2.0
#include "tests/pisim/frame.h"

#include <utility>

namespace piman::pisim {
namespace {

constexpr std::uint16_t kTypeIpv4 = 0x0800;
constexpr std::uint16_t kTypeArp = 0x0806;
constexpr std::uint8_t kProtocolUdp = 17;
constexpr std::size_t kMinFrame = 60;
constexpr std::size_t kEthernetHeader = 14;
constexpr std::size_t kIpHeader = 20;
constexpr std::size_t kUdpHeader = 8;

ParsedFrame parse_arp(ByteView payload) {
  ByteReader in(payload);
  const bool ethernet_ipv4 = in.u16() == 1 && in.u16() == kTypeIpv4 && in.u8() == 6 && in.u8() == 4;
  ArpPacket packet;
  packet.operation = in.u16();
  packet.sender_mac = in.mac();
  packet.sender = in.ip();
  packet.target_mac = in.mac();
  packet.target = in.ip();
  if (!in.ok() || !ethernet_ipv4) return BadFrame{Finding::kBadArp};
  return packet;
}

ParsedFrame parse_udp(ByteView datagram, UdpPacket packet, bool checksums_filled) {
  ByteReader in(datagram);
  packet.source_port = in.u16();
  packet.destination_port = in.u16();
  const std::uint16_t length = in.u16();
  const std::uint16_t checksum = in.u16();
  if (!in.ok() || length < kUdpHeader || length > datagram.size()) return BadFrame{Finding::kBadUdpLength};
  if (length != datagram.size()) return BadFrame{Finding::kBadUdpLength};  // the rest of an IP packet is not padding
  packet.payload = datagram.subspan(kUdpHeader, length - kUdpHeader);
  if (checksum != 0 && checksums_filled) {
    ByteWriter pseudo;
    pseudo.ip(packet.source).ip(packet.destination).u16(kProtocolUdp).u16(length);
    if (folded(internet_sum(datagram.first(length), internet_sum(pseudo.take()))) != 0xFFFF) {
      return BadFrame{Finding::kBadUdpChecksum};
    }
  }
  return packet;
}

ParsedFrame parse_ipv4(ByteView data, UdpPacket packet, bool checksums_filled) {
  ByteReader in(data);
  const std::uint8_t version_and_length = in.u8();
  const std::size_t header = std::size_t{4} * (version_and_length & 0x0FU);
  in.u8();
  const std::uint16_t total = in.u16();
  in.u16();
  const std::uint16_t fragment = in.u16();
  packet.ttl = in.u8();
  const std::uint8_t protocol = in.u8();
  in.u16();
  packet.source = in.ip();
  packet.destination = in.ip();
  if (!in.ok() || version_and_length >> 4U != 4 || header < kIpHeader || total < header || total > data.size()) {
    return BadFrame{Finding::kBadIpHeader};
  }
  if (folded(internet_sum(data.first(header))) != 0xFFFF) return BadFrame{Finding::kBadIpHeader};
  if (protocol != kProtocolUdp) return OtherFrame{};
  // No boot ROM puts fragments together.
  if ((fragment & 0x3FFFU) != 0) return BadFrame{Finding::kFragment};
  return parse_udp(data.subspan(header, total - header), packet, checksums_filled);
}

}  // namespace

std::uint32_t internet_sum(ByteView bytes, std::uint32_t sum) {
  std::uint64_t total = sum;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) total += static_cast<unsigned>(bytes[i] << 8U | bytes[i + 1]);
  if (bytes.size() % 2 != 0) total += static_cast<unsigned>(bytes.back() << 8U);
  while (total >> 32U != 0) total = (total & 0xFFFF'FFFFU) + (total >> 32U);
  return static_cast<std::uint32_t>(total);
}

std::uint16_t folded(std::uint32_t sum) {
  while (sum >> 16U != 0) sum = (sum & 0xFFFFU) + (sum >> 16U);
  return static_cast<std::uint16_t>(sum);
}

ParsedFrame parse_frame(ByteView frame, bool checksums_filled) {
  ByteReader in(frame);
  UdpPacket packet;
  packet.destination_mac = in.mac();
  packet.source_mac = in.mac();
  const std::uint16_t type = in.u16();
  if (!in.ok()) return BadFrame{Finding::kShortFrame};
  if (type == kTypeArp) return parse_arp(in.rest());
  if (type == kTypeIpv4) return parse_ipv4(in.rest(), packet, checksums_filled);
  return OtherFrame{};
}

Bytes make_arp_frame(const ArpPacket& packet) {
  const bool request = packet.operation == kArpRequest;
  ByteWriter out;
  out.mac(request ? broadcast_mac() : packet.target_mac).mac(packet.sender_mac).u16(kTypeArp);
  out.u16(1).u16(kTypeIpv4).u8(6).u8(4).u16(packet.operation);
  out.mac(packet.sender_mac).ip(packet.sender).mac(packet.target_mac).ip(packet.target);
  out.zeros(kMinFrame - out.size());
  return out.take();
}

Bytes make_udp_frame(const UdpPacket& packet) {
  const auto udp_length = static_cast<std::uint16_t>(kUdpHeader + packet.payload.size());
  ByteWriter header;
  header.u8(0x45).u8(0).u16(static_cast<std::uint16_t>(kIpHeader + udp_length)).u16(0).u16(0);
  header.u8(packet.ttl).u8(kProtocolUdp).u16(0).ip(packet.source).ip(packet.destination);
  Bytes ip = header.take();
  const auto checksum = static_cast<std::uint16_t>(~folded(internet_sum(ip)));
  ip[10] = static_cast<std::uint8_t>(checksum >> 8U);
  ip[11] = static_cast<std::uint8_t>(checksum & 0xFFU);
  ByteWriter out;
  out.mac(packet.destination_mac).mac(packet.source_mac).u16(kTypeIpv4).raw(ip);
  out.u16(packet.source_port).u16(packet.destination_port).u16(udp_length).u16(0).raw(packet.payload);
  if (out.size() < kMinFrame) out.zeros(kMinFrame - out.size());
  static_assert(kEthernetHeader + kIpHeader + kUdpHeader < kMinFrame);
  return out.take();
}

MacAddress destination_of(ByteView frame) { return ByteReader(frame).mac(); }

MacAddress broadcast_mac() { return MacAddress({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}); }
bool is_broadcast(const MacAddress& mac) { return mac == broadcast_mac(); }

}  // namespace piman::pisim
