// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/packet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/netboot/dhcp/wire.h"

namespace piman::netboot::dhcp {
namespace {

using ::testing::ElementsAreArray;

Packet decoded(const Wire& wire) {
  Packet packet;
  const auto result = decode(wire, packet);
  EXPECT_TRUE(result.has_value()) << (result ? "" : to_text(result.error()));
  return packet;
}

Malformed why(const Wire& wire) {
  Packet packet;
  const auto result = decode(wire, packet);
  EXPECT_FALSE(result.has_value());
  return result.has_value() ? Malformed::kTooShort : result.error();
}

TEST(Decode, ThePi3bRomsDiscover) {
  const Wire wire = pi3b_discover("b8:27:eb:12:34:56");
  ASSERT_EQ(wire.size(), 320U);  // as long as in captures
  const Packet packet = decoded(wire);
  EXPECT_EQ(packet.op, kBootRequest);
  EXPECT_EQ(packet.xid, kRomXid);
  EXPECT_EQ(packet.flags, 0);
  EXPECT_EQ(packet.chaddr, mac("b8:27:eb:12:34:56"));
  EXPECT_EQ(message_type(packet), MessageType::kDiscover);
  EXPECT_EQ(packet.options.find(option::kParameterList)->size(), 12U);
  EXPECT_EQ(packet.options.find_text(option::kVendorClass), "PXEClient:Arch:00000:UNDI:002001");
  EXPECT_EQ(packet.options.find_u16(option::kClientArch), 0);
}

TEST(Decode, EveryCaptureTruncatedAtEveryLength) {
  for (const Wire& whole :
       {pi3b_discover(), pi3_discover(), pi4_discover(), pi5_discover("0a010001"), bios_discover()}) {
    ASSERT_EQ(whole.back(), option::kEnd);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const Wire part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
      Packet packet;
      const auto result = decode(part, packet);
      if (length < kHeaderBytes) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error(), Malformed::kTooShort);
      } else if (!result) {
        EXPECT_EQ(result.error(), Malformed::kTruncatedOption);
      } else {
        // Cut between two options: what came before counts.
        EXPECT_LT(packet.options.size(), decoded(whole).options.size() + (length + 1 == whole.size() ? 1U : 0U));
      }
    }
  }
}

TEST(Decode, RefusesWhatIsNoDhcp) {
  Wire wire = pi4_discover();
  wire[0] = 3;
  EXPECT_EQ(why(wire), Malformed::kBadOp);
  wire = pi4_discover();
  wire[1] = 6;
  EXPECT_EQ(why(wire), Malformed::kNotEthernet);
  wire = pi4_discover();
  wire[2] = 16;
  EXPECT_EQ(why(wire), Malformed::kNotEthernet);
  wire = pi4_discover();
  wire[239] = 0;
  EXPECT_EQ(why(wire), Malformed::kNoCookie);
  EXPECT_EQ(why(wire_header(1, mac("00:00:00:00:00:01")) + from_hex("3504 01")), Malformed::kTruncatedOption);
  EXPECT_EQ(why(wire_header(1, mac("00:00:00:00:00:01")) + from_hex("35")), Malformed::kTruncatedOption);
  EXPECT_EQ(why(wire_header(1, mac("00:00:00:00:00:01")) + from_hex("340104 ff")), Malformed::kBadOverload);
}

TEST(Decode, PadsAreSkippedAndNothingBehindTheEndIsRead) {
  const Packet packet =
      decoded(wire_header(1, mac("00:00:00:00:00:01")) + from_hex("0000 350101 00 00 0c0161 ff 0c0162"));
  EXPECT_EQ(message_type(packet), MessageType::kDiscover);
  EXPECT_EQ(packet.options.find_text(option::kHostname), "a");
}

TEST(Decode, OverloadedFieldsFileFirst) {
  Wire wire = wire_header(1, mac("00:00:00:00:00:01")) + from_hex("350101 340103 0c0161 ff");
  const Wire in_file = from_hex("0c0162 ff"), in_sname = from_hex("0c0163 ff");
  std::copy(in_file.begin(), in_file.end(), wire.begin() + 108);
  std::copy(in_sname.begin(), in_sname.end(), wire.begin() + 44);
  const Packet packet = decoded(wire);
  EXPECT_EQ(packet.options.find_text(option::kHostname), "abc");
  EXPECT_EQ(packet.file, "");
  EXPECT_EQ(packet.sname, "");
  EXPECT_FALSE(packet.options.has(option::kOverload));
  wire[108 + 1] = 200;  // longer than its field
  EXPECT_EQ(why(wire), Malformed::kTruncatedOption);
}

TEST(Decode, FileAndServerNameAreTextsOfTheirFields) {
  Wire wire = wire_header(1, mac("00:00:00:00:00:01")) + from_hex("350101 ff");
  std::fill(wire.begin() + 44, wire.begin() + 236, std::uint8_t{'x'});  // no NUL anywhere
  const Packet packet = decoded(wire);
  EXPECT_EQ(packet.sname, std::string(63, 'x'));
  EXPECT_EQ(packet.file, std::string(127, 'x'));
}

TEST(MessageTypes, OnlyTheEight) {
  for (const char* hex : {"350100", "350109", "3501ff", "35020101", "3500"}) {
    const Packet packet = decoded(wire_header(1, mac("00:00:00:00:00:01")) + from_hex(hex));
    EXPECT_FALSE(message_type(packet)) << hex;
  }
  EXPECT_EQ(to_text(MessageType::kInform), "INFORM");
  EXPECT_EQ(to_text(static_cast<MessageType>(77)), "unknown");
}

Packet reply() {
  Packet packet;
  packet.op = kBootReply;
  packet.xid = 0xd383a6ac;
  packet.yiaddr = ip("10.0.0.9");
  packet.siaddr = ip("10.0.0.1");
  packet.chaddr = mac("dc:a6:32:b0:23:c3");
  packet.options.add_u8(option::kMessageType, 2);
  packet.options.add_text(option::kTftpServerName, "10.0.0.1");
  return packet;
}

TEST(Encode, AtLeast300BytesExactTextsNoPadBetweenOptions) {
  Wire wire;
  EXPECT_EQ(encode(reply(), kLeastLimitBytes, wire), 0U);
  EXPECT_EQ(wire.size(), 300U);
  const Wire options(wire.begin() + 240, wire.begin() + 254);
  EXPECT_THAT(options, ElementsAreArray(from_hex("350102 4208 31302e302e302e31 ff")));
  EXPECT_TRUE(std::all_of(wire.begin() + 254, wire.end(), [](std::uint8_t byte) { return byte == 0; }));
  EXPECT_EQ(decoded(wire), reply());
}

TEST(Encode, LongValuesAreSplitAndJoinedAgain) {
  Packet packet = reply();
  packet.options.add_text(option::kBootFile, std::string(600, 'u'));
  packet.options.add_text(option::kHostname, "");
  Wire wire;
  EXPECT_EQ(encode(packet, kMostReplyBytes, wire), 0U);
  EXPECT_EQ(wire[254 - 1], option::kBootFile);
  EXPECT_EQ(wire[254], 255);
  EXPECT_EQ(decoded(wire), packet);
}

TEST(Encode, OverflowGoesIntoFileAndServerName) {
  Packet packet = reply();
  packet.options.add_text(option::kBootFile, std::string(200, 'b'));
  packet.options.add_text(option::kDomainName, std::string(100, 'd'));  // no room in the main area
  packet.options.add_text(option::kRelayAgent, std::string(40, 'r'));
  packet.options.add_text(option::kHostname, std::string(50, 'h'));
  packet.options.add_text(option::kMessage, std::string(120, 'm'));  // no room anywhere
  Wire wire;
  EXPECT_EQ(encode(packet, kLeastLimitBytes, wire), 1U);
  EXPECT_LE(wire.size(), kLeastLimitBytes);
  const Packet again = decoded(wire);
  EXPECT_EQ(again.options.find_text(option::kBootFile), std::string(200, 'b'));
  EXPECT_EQ(again.options.find_text(option::kDomainName), std::string(100, 'd'));
  EXPECT_EQ(again.options.find_text(option::kRelayAgent), std::string(40, 'r'));
  EXPECT_EQ(again.options.find_text(option::kHostname), std::string(50, 'h'));
  EXPECT_FALSE(again.options.has(option::kMessage));
}

TEST(Encode, AFileInUseIsNotOverloaded) {
  Packet packet = reply();
  packet.file = "boot/file";
  packet.options.add_text(option::kBootFile, std::string(250, 'b'));
  packet.options.add_text(option::kDomainName, std::string(100, 'd'));
  Wire wire;
  EXPECT_EQ(encode(packet, kLeastLimitBytes, wire), 1U);
  EXPECT_EQ(decoded(wire).file, "boot/file");
}

TEST(Encode, TheRelaysOptionIsLast) {
  Packet packet = reply();
  packet.options.add_text(option::kRelayAgent, "rrr");
  packet.options.add_text(option::kHostname, "pi");
  Wire wire;
  encode(packet, kLeastLimitBytes, wire);
  const Wire tail = from_hex("0c027069 5203727272 ff");
  EXPECT_NE(std::search(wire.begin(), wire.end(), tail.begin(), tail.end()), wire.end());
}

TEST(Encode, NeverLongerThanTheLimit) {
  for (std::size_t bytes = 0; bytes < 1500; bytes += 7) {
    Packet packet = reply();
    packet.options.add_text(option::kBootFile, std::string(bytes, 'b'));
    packet.options.add_text(option::kRelayAgent, std::string(bytes / 2, 'r'));
    Wire wire;
    for (const std::size_t limit : {kLeastLimitBytes, std::size_t{1000}, kMostReplyBytes}) {
      encode(packet, limit, wire);
      ASSERT_LE(wire.size(), limit);
      decoded(wire);
    }
  }
}

TEST(ReplyLimit, IsWhatTheClientTakesWithinReason) {
  Packet packet;
  EXPECT_EQ(reply_limit(packet), 548U);
  const auto with = [](std::string_view hex) {
    Packet client;
    client.options.add(option::kMaxMessageBytes, from_hex(hex));
    return reply_limit(client);
  };
  EXPECT_EQ(with("05dc"), 1472U);
  EXPECT_EQ(with("0240"), 548U);
  EXPECT_EQ(with("0001"), 548U);
  EXPECT_EQ(with("ffff"), 1472U);
  EXPECT_EQ(with("04b0"), 1172U);
}

}  // namespace
}  // namespace piman::netboot::dhcp
