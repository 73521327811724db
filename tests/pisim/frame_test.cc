// SPDX-License-Identifier: Apache-2.0
#include "tests/pisim/frame.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/pisim/fake_server.h"
#include "tests/pisim/link.h"
#include "tests/pisim/relay.h"

namespace piman::pisim {
namespace {

const MacAddress kFrom({2, 0, 0, 0, 0, 1});
const MacAddress kTo({2, 0, 0, 0, 0, 2});

Bytes sample(const Bytes& payload) {
  UdpPacket packet;
  packet.source_mac = kFrom;
  packet.destination_mac = kTo;
  packet.source = Ipv4Address(0x0A00'0001);
  packet.destination = Ipv4Address(0x0A00'0002);
  packet.source_port = 69;
  packet.destination_port = 49152;
  packet.ttl = 128;
  packet.payload = payload;
  return make_udp_frame(packet);
}

Finding fault_of(const Bytes& frame, bool checksums_filled = true) {
  const ParsedFrame parsed = parse_frame(frame, checksums_filled);
  const auto* bad = std::get_if<BadFrame>(&parsed);
  return bad == nullptr ? Finding::kCount : bad->why;
}

TEST(Frame, UdpThereAndBack) {
  const Bytes payload = to_bytes("hello");
  const Bytes frame = sample(payload);
  EXPECT_EQ(frame.size(), 60U) << "padded";
  EXPECT_EQ(frame[22], 128) << "TTL";
  EXPECT_EQ(frame[40] | frame[41], 0) << "no UDP checksum";
  const ParsedFrame parsed = parse_frame(frame);
  const auto* udp = std::get_if<UdpPacket>(&parsed);
  ASSERT_NE(udp, nullptr);
  EXPECT_EQ(as_text(udp->payload), "hello");
  EXPECT_EQ(udp->source_mac, kFrom);
  EXPECT_EQ(udp->destination.to_string(), "10.0.0.2");
  EXPECT_EQ(udp->destination_port, 49152);
}

// An IPv4 header as books print it, whose checksum is 0xb861.
TEST(Frame, HeaderChecksumOfAKnownHeader) {
  const Bytes header = {0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0, 0, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0, 0xc7};
  EXPECT_EQ(static_cast<std::uint16_t>(~folded(internet_sum(header))), 0xb861);
}

TEST(Frame, ChecksumsAreVerified) {
  Bytes frame = sample(to_bytes("hello!"));
  frame[30] ^= 1;
  EXPECT_EQ(fault_of(frame), Finding::kBadIpHeader);
  frame = sample(to_bytes("hello!"));
  ByteWriter pseudo;
  pseudo.u32(0x0A00'0001).u32(0x0A00'0002).u16(17).u16(14).raw(ByteView(frame).subspan(34, 14));
  const auto sum = static_cast<std::uint16_t>(~folded(internet_sum(pseudo.take())));
  frame[40] = static_cast<std::uint8_t>(sum >> 8U);
  frame[41] = static_cast<std::uint8_t>(sum & 0xFFU);
  EXPECT_EQ(fault_of(frame), Finding::kCount);
  frame[42] ^= 1;
  EXPECT_EQ(fault_of(frame), Finding::kBadUdpChecksum);
  EXPECT_EQ(fault_of(frame, false), Finding::kCount) << "left to hardware";
}

TEST(Frame, FragmentsAndLengths) {
  // Takes the checksum along: a change of +x in one word and -x in the checksum.
  Bytes frame = sample(to_bytes("hello!"));
  frame[20] = 0x20;
  const auto checksum = static_cast<std::uint16_t>((frame[24] << 8U | frame[25]) - 0x2000);
  frame[24] = static_cast<std::uint8_t>(checksum >> 8U);
  frame[25] = static_cast<std::uint8_t>(checksum & 0xFFU);
  EXPECT_EQ(fault_of(frame), Finding::kFragment);
  frame = sample(to_bytes("hello!"));
  frame[39] ^= 1;
  EXPECT_EQ(fault_of(frame), Finding::kBadUdpLength);
}

TEST(Frame, TruncatedAtEveryLength) {
  const Bytes frame = sample(Bytes(100, 7));
  for (std::size_t size = 0; size < frame.size(); ++size) {
    const ParsedFrame parsed = parse_frame(ByteView(frame).first(size));
    EXPECT_EQ(std::get_if<UdpPacket>(&parsed), nullptr) << size;
  }
  const Bytes arp = make_arp_frame({kArpRequest, kFrom, Ipv4Address(1), kTo, Ipv4Address(2)});
  for (std::size_t size = 0; size < 42; ++size) {
    const ParsedFrame parsed = parse_frame(ByteView(arp).first(size));
    EXPECT_EQ(std::get_if<ArpPacket>(&parsed), nullptr) << size;
  }
}

TEST(Frame, ArpThereAndBack) {
  const Bytes frame = make_arp_frame({kArpReply, kFrom, Ipv4Address(1), kTo, Ipv4Address(2)});
  EXPECT_EQ(destination_of(frame), kTo);
  const ParsedFrame parsed = parse_frame(frame);
  const auto* arp = std::get_if<ArpPacket>(&parsed);
  ASSERT_NE(arp, nullptr);
  EXPECT_EQ(arp->operation, kArpReply);
  EXPECT_EQ(arp->sender_mac, kFrom);
  EXPECT_EQ(arp->target, Ipv4Address(2));
  EXPECT_TRUE(is_broadcast(destination_of(make_arp_frame({kArpRequest, kFrom, Ipv4Address(1), kTo, Ipv4Address(2)}))));
}

TEST(Link, LosesDoublesAndDelaysAsOftenAsTold) {
  Link link({0.1, 0.2, 0, std::chrono::milliseconds(1), std::chrono::milliseconds(2)}, 1);
  int lost = 0;
  int doubled = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Link::Fate fate = link.next();
    lost += fate.copies == 0;
    doubled += fate.copies == 2;
    if (fate.copies == 0) continue;
    EXPECT_GE(fate.delays[0], std::chrono::milliseconds(1));
    EXPECT_LT(fate.delays[0], std::chrono::milliseconds(3));
  }
  EXPECT_NEAR(lost, 1000, 100);
  EXPECT_NEAR(doubled, 1800, 150);
}

TEST(Relay, StampsRequestsAndPassesRepliesOn) {
  Relay relay({Ipv4Address(0x0A01'0001), Ipv4Address(0x0A00'0009), Ipv4Address(0x0A00'0001)});
  DhcpRequest request;
  request.mac = kFrom;
  UdpPacket packet;
  packet.source_mac = kFrom;
  packet.destination_mac = broadcast_mac();
  packet.destination = Ipv4Address(kBroadcastAddress);
  packet.source_port = 68;
  packet.destination_port = 67;
  const Bytes message = encode(request);
  packet.payload = message;
  Relay::Output out;
  relay.from_pi(make_udp_frame(packet), out);
  ASSERT_EQ(out.to_wire.size(), 1U) << "asks for the server's MAC first";
  out = {};
  relay.from_wire(make_arp_frame({kArpReply, kTo, Ipv4Address(0x0A00'0001), Relay::mac(), Ipv4Address(0x0A00'0009)}),
                  true, out);
  ASSERT_EQ(out.to_wire.size(), 1U);
  EXPECT_EQ(destination_of(out.to_wire[0]), kTo);
  const ParsedFrame relayed = parse_frame(out.to_wire[0]);
  const ByteView payload = std::get<UdpPacket>(relayed).payload;
  EXPECT_EQ(payload[3], 1) << "hops";
  EXPECT_EQ(ByteReader(payload.subspan(24)).ip().to_string(), "10.1.0.1") << "giaddr";
  EXPECT_EQ(std::get<UdpPacket>(relayed).source_port, 67);

  ReplyFields fields;
  fields.mac = kFrom;
  fields.yiaddr = Ipv4Address(0x0A01'0042);
  const Bytes reply = make_reply(fields);
  packet.source_mac = kTo;
  packet.destination_mac = Relay::mac();
  packet.destination = Ipv4Address(0x0A01'0001);
  packet.payload = reply;
  out = {};
  relay.from_wire(make_udp_frame(packet), true, out);
  ASSERT_EQ(out.to_pis.size(), 1U);
  EXPECT_EQ(destination_of(out.to_pis[0]), kFrom);
}

}  // namespace
}  // namespace piman::pisim
