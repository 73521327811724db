// SPDX-License-Identifier: Apache-2.0
#include "netboot/hosts.h"

#include <gtest/gtest.h>

namespace piman::netboot {
namespace {

Host host(std::string_view mac, std::string_view address, std::string name) {
  return {*MacAddress::parse(mac), *Ipv4Address::parse(address), std::move(name), "", ""};
}

TEST(HostTable, FindsByEitherAddressAndByName) {
  const HostTable table({host("b8:27:eb:00:00:01", "10.0.0.1", "one"), host("b8:27:eb:00:00:02", "10.0.0.2", "two")});
  EXPECT_EQ(table.find(*MacAddress::parse("b8:27:eb:00:00:02"))->name, "two");
  EXPECT_EQ(table.find(*Ipv4Address::parse("10.0.0.1"))->name, "one");
  EXPECT_EQ(table.find_name("two")->address.to_string(), "10.0.0.2");
  EXPECT_EQ(table.find(*MacAddress::parse("b8:27:eb:00:00:03")), nullptr);
  EXPECT_EQ(table.find(*Ipv4Address::parse("10.0.0.3")), nullptr);
  EXPECT_EQ(table.find_name("three"), nullptr);
}

TEST(HostTable, TheFirstOfTwoWithTheSameAddressCounts) {
  const HostTable table({host("b8:27:eb:00:00:01", "10.0.0.1", "one"), host("b8:27:eb:00:00:02", "10.0.0.1", "two")});
  EXPECT_EQ(table.find(*Ipv4Address::parse("10.0.0.1"))->name, "one");
}

}  // namespace
}  // namespace piman::netboot
