// SPDX-License-Identifier: Apache-2.0
#include "common/net_types.h"

#include <gtest/gtest.h>

#include <random>

#include "common/text.h"

namespace piman {
namespace {

TEST(MacAddress, BothSeparatorsBothCases) {
  for (const char* text : {"b8:27:eb:6c:4c:16", "B8-27-EB-6C-4C-16", "b8:27:EB:6c:4C:16"}) {
    const auto mac = MacAddress::parse(text);
    ASSERT_TRUE(mac) << text;
    EXPECT_EQ(mac->to_string(), "b8:27:eb:6c:4c:16");
  }
  EXPECT_EQ(MacAddress().to_string(), "00:00:00:00:00:00");
}

TEST(MacAddress, NothingElse) {
  for (const char* bad :
       {"", "b8:27:eb:6c:4c", "b8:27:eb:6c:4c:1", "b8:27:eb:6c:4c:16:", "b8:27:eb:6c:4c:1g", "b8-27:eb:6c:4c:16",
        "b827.eb6c.4c16", "b827eb6c4c16", " b8:27:eb:6c:4c:16", "b8:27:eb:6c:4c:-1", "b8:27:eb:6c:4c:+1",
        "b8 27 eb 6c 4c 16", "b8:27:eb:6c:4c: 6", "0xb8:27:eb:6c:4c"}) {
    EXPECT_FALSE(MacAddress::parse(bad)) << bad;
  }
}

TEST(MacAddress, RoundTripsAndOrders) {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::array<std::uint8_t, 6> bytes;
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    const MacAddress mac(bytes);
    ASSERT_EQ(MacAddress::parse(mac.to_string()), mac);
    ASSERT_EQ(mac.bytes(), bytes);
  }
  EXPECT_LT(MacAddress::parse("00:00:00:00:00:ff"), MacAddress::parse("00:00:00:00:01:00"));
}

TEST(Ipv4Address, FourNumbers) {
  EXPECT_EQ(Ipv4Address::parse("0.0.0.0")->value(), 0U);
  EXPECT_EQ(Ipv4Address::parse("255.255.255.255")->value(), 0xFFFFFFFFU);
  EXPECT_EQ(Ipv4Address::parse("192.168.1.20")->value(), 0xC0A80114U);
  EXPECT_EQ(Ipv4Address(0xC0A80114U).to_string(), "192.168.1.20");
}

TEST(Ipv4Address, NothingElse) {
  for (const char* bad :
       {"",          ".",         "...",      "1.2.3",    "1.2.3.",   ".1.2.3",   "1.2.3.4.",          "1.2.3.4.5",
        "1..2.3",    "256.1.1.1", "01.2.3.4", "1.2.3.00", "1.2.3.4 ", " 1.2.3.4", "1.2.3.-4",          "1.2.3.+4",
        "0x1.2.3.4", "1.2.3.4/8", "16909060", "1,2,3,4",  "1.2.3.a",  "::1",      "1.2.3.999999999999"}) {
    EXPECT_FALSE(Ipv4Address::parse(bad)) << bad;
  }
}

TEST(Ipv4Address, RoundTrips) {
  std::mt19937 random(2);
  for (int i = 0; i < 2000; ++i) {
    const Ipv4Address address(static_cast<std::uint32_t>(random()));
    ASSERT_EQ(Ipv4Address::parse(address.to_string()), address);
  }
}

struct HostPortCase {
  const char* text;
  const char* host;
  std::uint16_t port;
  bool is_ipv6;
};

TEST(HostPort, Forms) {
  for (const HostPortCase& expected : {HostPortCase{":3000", "", 3000, false},
                                       {"127.0.0.1:0", "127.0.0.1", 0, false},
                                       {"pi-manager.example.org:65535", "pi-manager.example.org", 65535, false},
                                       {"[::1]:9100", "::1", 9100, true},
                                       {"[fe80::1%25]:80", "fe80::1%25", 80, true},
                                       {"[::ffff:10.0.0.1]:80", "::ffff:10.0.0.1", 80, true}}) {
    const auto parsed = HostPort::parse(expected.text);
    ASSERT_TRUE(parsed) << expected.text;
    EXPECT_EQ(parsed->host, expected.host);
    EXPECT_EQ(parsed->port, expected.port);
    EXPECT_EQ(parsed->is_ipv6, expected.is_ipv6);
    EXPECT_EQ(parsed->to_string(), expected.text);
  }
}

TEST(HostPort, NothingElse) {
  for (const char* bad : {"",         ":",      "3000",        "localhost", "localhost:", "localhost:http",
                          ":65536",   ":-1",    ":+1",         ": 80",      ":80 ",       "::1:80",
                          "::1",      "[::1]",  "[::1]80",     "[]:80",     "[::1:80",    "[localhost]:80",
                          "a b:80",   "a,b:80", "http://a:80", "a:80/x",    "a\nb:80",    "a\tb:80",
                          "a\x7f:80", "[::1]:", "[::1]:80s",   ":443s",     "a]:80"}) {
    EXPECT_FALSE(HostPort::parse(bad)) << quote(bad);
  }
}

}  // namespace
}  // namespace piman
