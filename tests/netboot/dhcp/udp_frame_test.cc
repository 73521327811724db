// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/udp_frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/netboot/dhcp/wire.h"

namespace piman::netboot::dhcp {
namespace {

/// One's complement sum of 16-bit words; a header with its checksum in it sums up to 0xFFFF.
std::uint32_t sum_of(const Wire& bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) sum += i % 2 == 0 ? bytes[i] * 256U : bytes[i];
  while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint32_t>(sum);
}

TEST(UdpFrame, HeadersAndChecksumsOfEvenAndOddPayloads) {
  for (const std::size_t size : {0U, 1U, 2U, 300U, 301U, 1472U}) {
    Wire payload(size);
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<std::uint8_t>(i * 7 + 200);
    const auto header = udp_frame_header({ip("10.0.0.1"), ip("255.255.255.255"), 67, 68}, payload);
    const Wire ip_header(header.begin(), header.begin() + 20), udp(header.begin() + 20, header.end());
    EXPECT_EQ(header[0], 0x45);
    EXPECT_EQ(header[9], 17);
    EXPECT_EQ(header[2] * 256U + header[3], 28 + size);
    EXPECT_EQ(udp[4] * 256U + udp[5], 8 + size);
    EXPECT_EQ(udp[1], 67);
    EXPECT_EQ(udp[3], 68);
    EXPECT_EQ(sum_of(ip_header), 0xFFFFU);
    const Wire pseudo = Wire(header.begin() + 12, header.begin() + 20) + Wire{0, 17, udp[4], udp[5]};
    EXPECT_EQ(sum_of(pseudo + udp + payload), 0xFFFFU) << size;
  }
}

TEST(Arp, AProbeHasNoSendersAddress) {
  const auto probe = arp_probe(mac("02:00:00:00:00:01"), ip("10.0.0.100"));
  EXPECT_THAT(
      probe, ::testing::ElementsAreArray(from_hex("0001 0800 06 04 0001 020000000001 00000000 000000000000 0a000064")));
  EXPECT_FALSE(parse_arp(probe));
}

TEST(Arp, RepliesAreReadAndShortOnesAreNot) {
  const Wire reply = from_hex("0001 0800 06 04 0002 0200000000aa 0a000064 020000000001 00000000");
  const auto sender = parse_arp(reply);
  ASSERT_TRUE(sender);
  EXPECT_EQ(sender->mac, mac("02:00:00:00:00:aa"));
  EXPECT_EQ(sender->address, ip("10.0.0.100"));
  for (std::size_t length = 0; length < reply.size(); ++length) {
    EXPECT_FALSE(parse_arp(Wire(reply.begin(), reply.begin() + static_cast<std::ptrdiff_t>(length))));
  }
  Wire other = reply;
  other[5] = 16;
  EXPECT_FALSE(parse_arp(other));
}

}  // namespace
}  // namespace piman::netboot::dhcp
