// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/server_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "netboot/dhcp/udp_frame.h"
#include "tests/netboot/dhcp/wire.h"

namespace piman::netboot::dhcp {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

const Packet kQuery = server_query(mac("02:00:00:00:00:01"), 0x1234'5678, 3);

/// An answer byte by byte: op, xid, yiaddr and chaddr, then options.
Wire answer(std::string_view yiaddr, std::string_view options, std::uint32_t xid = 0x1234'5678,
            std::string_view chaddr = "02:00:00:00:00:01") {
  Wire bytes = wire_header(xid, mac(chaddr));
  bytes[0] = 2;
  const std::uint32_t address = ip(yiaddr).value();
  for (int i = 0; i < 4; ++i)
    bytes[static_cast<std::size_t>(16 + i)] = static_cast<std::uint8_t>(address >> (24 - 8 * i));
  return bytes + from_hex(options) + from_hex("ff");
}

Wire frame(const Wire& payload, std::uint16_t port = 68) {
  const auto header = udp_frame_header({ip("10.0.0.1"), ip("255.255.255.255"), 67, port}, payload);
  return Wire(header.begin(), header.end()) + payload;
}

TEST(ServerQuery, LooksLikeWhatAPiAsks) {
  std::vector<std::uint8_t> bytes;
  EXPECT_EQ(encode(kQuery, kLeastLimitBytes, bytes), 0U);
  Packet read;
  ASSERT_TRUE(decode(bytes, read).has_value());
  EXPECT_EQ(message_type(read), MessageType::kDiscover);
  EXPECT_EQ(read.flags, kBroadcastFlag);
  EXPECT_EQ(read.secs, 3);
  EXPECT_EQ(read.chaddr, mac("02:00:00:00:00:01"));
  EXPECT_EQ(read.options.find_text(option::kVendorClass), "PXEClient:Arch:00000:UNDI:002001");
  EXPECT_EQ(read.options.find_u16(option::kClientArch), 0);
  EXPECT_FALSE(read.options.has(option::kRequestedAddress)) << "nothing is asked for";
}

TEST(ServerOf, AServerThatGivesAddressesAndOneThatTellsOfBoot) {
  const Ipv4Address source = ip("10.0.0.9");
  EXPECT_EQ(server_of(answer("10.0.0.50", "350102 36040a000001"), source, kQuery),
            (OtherServer{ip("10.0.0.1"), ip("10.0.0.50"), false}));
  EXPECT_EQ(server_of(answer("0.0.0.0", "350102 36040a000002 3c09505845436c69656e74"), source, kQuery),
            (OtherServer{ip("10.0.0.2"), {}, true}));
  EXPECT_EQ(server_of(answer("10.0.0.50", "350102 36040a000001 4203612e62"), source, kQuery),
            (OtherServer{ip("10.0.0.1"), ip("10.0.0.50"), true}));
  EXPECT_EQ(server_of(answer("10.0.0.50", "350102"), source, kQuery), (OtherServer{source, ip("10.0.0.50"), false}))
      << "without an id it is who sent it";
  EXPECT_EQ(server_of(answer("10.0.0.50", ""), source, kQuery), (OtherServer{source, ip("10.0.0.50"), false}))
      << "BOOTP";
}

TEST(ServerOf, WhatIsNoAnswerToTheQuery) {
  const Ipv4Address source = ip("10.0.0.9");
  EXPECT_FALSE(server_of(answer("10.0.0.50", "350102", 0x1234'5679), source, kQuery)) << "somebody else's";
  EXPECT_FALSE(server_of(answer("10.0.0.50", "350102", 0x1234'5678, "02:00:00:00:00:02"), source, kQuery));
  EXPECT_FALSE(server_of(answer("10.0.0.50", "350106"), source, kQuery)) << "a NAK";
  Wire request = answer("10.0.0.50", "350102");
  request[0] = 1;
  EXPECT_FALSE(server_of(request, source, kQuery));
  const Wire whole = answer("10.0.0.50", "350102 36040a000001");
  for (std::size_t size = 0; size < kHeaderBytes; ++size)
    EXPECT_FALSE(server_of(Bytes(whole).first(size), source, kQuery));
  for (std::size_t size = kHeaderBytes; size < whole.size(); ++size)
    (void)server_of(Bytes(whole).first(size), source, kQuery);
}

TEST(UdpPayload, OfAWholeDatagramForThePort) {
  const Wire payload{1, 2, 3, 4, 5};
  const Wire packet = frame(payload);
  ASSERT_TRUE(udp_payload(packet, 68));
  EXPECT_THAT(*udp_payload(packet, 68), ::testing::ElementsAreArray(payload));
  EXPECT_THAT(*udp_payload(packet + Wire(18, 0), 68), ::testing::ElementsAreArray(payload)) << "Ethernet's padding";
  EXPECT_FALSE(udp_payload(packet, 67));
  EXPECT_FALSE(udp_payload(frame(payload, 69), 68));
  for (std::size_t size = 0; size < packet.size(); ++size)
    EXPECT_FALSE(udp_payload(Bytes(packet).first(size), 68)) << size;
  const auto changed = [&packet](std::size_t at, std::uint8_t value) {
    Wire other = packet;
    other[at] = value;
    return udp_payload(other, 68).has_value();
  };
  EXPECT_FALSE(changed(0, 0x65)) << "IPv6";
  EXPECT_FALSE(changed(0, 0x44)) << "a header that is too short";
  EXPECT_FALSE(changed(0, 0x4F)) << "a header that is longer than the packet";
  EXPECT_FALSE(changed(6, 0x20)) << "more fragments";
  EXPECT_FALSE(changed(7, 0x01)) << "a later fragment";
  EXPECT_FALSE(changed(9, 6)) << "TCP";
  EXPECT_FALSE(changed(25, 7)) << "a datagram that is shorter than its header";
  EXPECT_FALSE(changed(25, 14)) << "a datagram that is longer than the packet";
}

TEST(AddServer, OncePerServerAndNotWithoutEnd) {
  std::vector<OtherServer> servers;
  add_server(servers, {ip("10.0.0.1"), {}, true});
  add_server(servers, {ip("10.0.0.1"), ip("10.0.0.50"), false});
  add_server(servers, {ip("10.0.0.1"), ip("10.0.0.51"), false});
  EXPECT_THAT(servers, ElementsAre(OtherServer{ip("10.0.0.1"), ip("10.0.0.50"), true}));
  for (std::uint32_t i = 0; i < 1000; ++i) add_server(servers, {Ipv4Address(i + 1), ip("10.0.0.50"), false});
  EXPECT_THAT(servers, SizeIs(kMostOtherServers));
}

}  // namespace
}  // namespace piman::netboot::dhcp
