// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/options.h"

#include <gtest/gtest.h>

#include "tests/netboot/dhcp/wire.h"

namespace piman::netboot::dhcp {
namespace {

TEST(Options, KeepsOrderAndFindsByCode) {
  Options options;
  options.add_u8(option::kMessageType, 2);
  options.add_address(option::kServerId, ip("10.0.0.1"));
  options.add_text(option::kTftpServerName, "10.0.0.1");
  ASSERT_EQ(options.size(), 3U);
  EXPECT_EQ(options.at(1).code, option::kServerId);
  EXPECT_EQ(options.find_u8(option::kMessageType), 2);
  EXPECT_EQ(options.find_address(option::kServerId), ip("10.0.0.1"));
  EXPECT_EQ(options.find_text(option::kTftpServerName), "10.0.0.1");
  EXPECT_FALSE(options.has(option::kRouters));
  EXPECT_FALSE(options.find(option::kRouters));
}

TEST(Options, AValueOfAnotherLengthIsNone) {
  Options options;
  options.add_text(option::kServerId, "abc");
  options.add_text(option::kMessageType, "");
  options.add_text(option::kMaxMessageBytes, "x");
  EXPECT_FALSE(options.find_address(option::kServerId));
  EXPECT_FALSE(options.find_u8(option::kMessageType));
  EXPECT_FALSE(options.find_u16(option::kMaxMessageBytes));
}

TEST(Options, PartsOfOneOptionAreJoinedWhereverTheyStand) {
  Options options;
  options.add_text(option::kBootFile, "first");
  options.add_text(option::kHostname, "host");
  options.add_text(option::kBootFile, "second");
  options.add_text(option::kHostname, "name");
  options.add_text(option::kDomainName, "domain");
  EXPECT_EQ(options.size(), 3U);
  EXPECT_EQ(options.find_text(option::kBootFile), "firstsecond");
  EXPECT_EQ(options.find_text(option::kHostname), "hostname");
  EXPECT_EQ(options.find_text(option::kDomainName), "domain");
}

TEST(Options, NulsAtTheEndOfATextAreNotPartOfIt) {
  Options options;
  options.add_text(option::kHostname, std::string_view("pi\0\0", 4));
  options.add_text(option::kDomainName, std::string_view("\0\0", 2));
  EXPECT_EQ(options.find_text(option::kHostname), "pi");
  EXPECT_EQ(options.find_text(option::kDomainName), "");
}

TEST(Options, ClearForgets) {
  Options options;
  options.add_u8(option::kMessageType, 2);
  options.clear();
  EXPECT_EQ(options.size(), 0U);
  EXPECT_FALSE(options.has(option::kMessageType));
  EXPECT_EQ(options, Options());
}

TEST(FindSuboption, FindsInPxeAndRelayLists) {
  const Wire pxe = from_hex("060103 0a0400505845 09140000115261737062657272792050692042 6f6f74 ff");
  EXPECT_EQ(find_suboption(pxe, 6)->front(), 3);
  EXPECT_EQ(find_suboption(pxe, 10)->size(), 4U);
  EXPECT_EQ(find_suboption(pxe, 9)->size(), 20U);
  EXPECT_FALSE(find_suboption(pxe, 7));
  const Wire relay = from_hex("0104aabbccdd 05040a000200");
  EXPECT_EQ(find_suboption(relay, 5)->size(), 4U);
}

TEST(FindSuboption, TruncatedAtEveryLengthItReadsNothingBeyond) {
  const Wire whole = from_hex("0104aabbccdd 05040a000200");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const Wire part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_FALSE(find_suboption(part, 5)) << length;
    EXPECT_EQ(find_suboption(part, 1).has_value(), length >= 6) << length;
  }
}

}  // namespace
}  // namespace piman::netboot::dhcp
