// SPDX-License-Identifier: Apache-2.0
#include "manager/fleet/inventory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/text.h"
#include "tests/support/temp_tree.h"

namespace piman::manager {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> problems_of(const ParsedInventory& inventory) {
  std::vector<std::string> out;
  for (const InventoryProblem& problem : inventory.problems) out.push_back(problem.to_string("hosts.csv"));
  return out;
}
std::vector<std::string> hosts_of(const ParsedInventory& inventory) {
  std::vector<std::string> out;
  for (const Host& host : inventory.hosts) {
    out.push_back(concat(host.name, ' ', host.address.to_string(), ' ', host.mac.to_string()));
  }
  return out;
}

TEST(Inventory, ReadsWhatThePythonSystemWrites) {
  const ParsedInventory inventory = parse_hosts(
      "B8:27:EB:6C:4C:16;172.30.1.7;pi7;1571234567\n"
      "b8:27:eb:6c:4c:17;172.30.1.8;;\n"  // neither name nor time
      "\n"                                // a blank line
      "B8:27:EB:6C:4C:18;172.30.1.9;rack-1_a.b;1571234567.25\r\n"
      "# a comment\n"
      "  B8-27-EB-6C-4C-19 ; 172.30.1.10 ; pi10 ; \n"
      "B8:27:EB:6C:4C:1A;172.30.1.11;pi11");  // no time field, no line end
  EXPECT_THAT(problems_of(inventory), IsEmpty());
  EXPECT_THAT(hosts_of(inventory),
              ElementsAre("pi7 172.30.1.7 b8:27:eb:6c:4c:16", "pi8 172.30.1.8 b8:27:eb:6c:4c:17",
                          "rack-1_a.b 172.30.1.9 b8:27:eb:6c:4c:18", "pi10 172.30.1.10 b8:27:eb:6c:4c:19",
                          "pi11 172.30.1.11 b8:27:eb:6c:4c:1a"));
}

TEST(Inventory, ABrokenLineCostsThatLineOnly) {
  const ParsedInventory inventory = parse_hosts(
      "B8:27:EB:00:00:01;10.0.0.1;a;1\n"
      "garbage\n"
      "B8:27:EB:00:00:02;10.0.0.2;b;1\n");
  EXPECT_THAT(problems_of(inventory),
              ElementsAre("hosts.csv:2: \"garbage\" has 1 fields; a line is MAC;IPv4;name;last_used"));
  EXPECT_THAT(hosts_of(inventory), ElementsAre("a 10.0.0.1 b8:27:eb:00:00:01", "b 10.0.0.2 b8:27:eb:00:00:02"));
}

struct BadLine {
  std::string_view line;
  std::string_view problem;
};

TEST(Inventory, EveryProblemHasItsWords) {
  const std::string_view first = "B8:27:EB:00:00:01;10.0.0.1;pi9;1\n";
  const std::vector<BadLine> lines = {
      {"a;b;c;d;e", "\"a;b;c;d;e\" has 5 fields; a line is MAC;IPv4;name;last_used"},
      {"B8:27:EB:00:00;10.0.0.2;x;", "\"B8:27:EB:00:00\" is no MAC address of a machine"},
      {"00:00:00:00:00:00;10.0.0.2;x;", "\"00:00:00:00:00:00\" is no MAC address of a machine"},
      {"01:00:5e:00:00:01;10.0.0.2;x;", "\"01:00:5e:00:00:01\" is no MAC address of a machine"},
      {"B8:27:EB:00:00:02;10.0.0.256;x;", "\"10.0.0.256\" is no IPv4 address of a machine"},
      {"B8:27:EB:00:00:02;;x;", "\"\" is no IPv4 address of a machine"},
      {"B8:27:EB:00:00:02;0.0.0.0;x;", "\"0.0.0.0\" is no IPv4 address of a machine"},
      {"B8:27:EB:00:00:02;224.0.0.1;x;", "\"224.0.0.1\" is no IPv4 address of a machine"},
      {"B8:27:EB:00:00:02;255.255.255.255;x;", "\"255.255.255.255\" is no IPv4 address of a machine"},
      {"B8:27:EB:00:00:02;10.0.0.2;a b;", "\"a b\" is no host name: 1 to 64 of A-Z a-z 0-9 . _ -"},
      {"B8:27:EB:00:00:02;10.0.0.2;../x;", "\"../x\" is no host name: 1 to 64 of A-Z a-z 0-9 . _ -"},
      {"B8:27:EB:00:00:02;10.0.0.2;-rf;", "\"-rf\" is no host name: 1 to 64 of A-Z a-z 0-9 . _ -"},
      {"B8:27:EB:00:00:02;10.0.0.2;p\xC3\xAF;", "\"p\\xc3\\xaf\" is no host name: 1 to 64 of A-Z a-z 0-9 . _ -"},
      {"B8:27:EB:00:00:02;10.0.0.2;x;yesterday", "\"yesterday\" is no time in seconds since 1970"},
      {"b8:27:eb:00:00:01;10.0.0.2;x;", "MAC b8:27:eb:00:00:01 is that of line 1 already"},
      {"B8:27:EB:00:00:02;10.0.0.1;x;", "address 10.0.0.1 is that of line 1 already"},
      {"B8:27:EB:00:00:02;10.0.0.2;PI9;", "name PI9 is that of line 1 already"},
      {"B8:27:EB:00:00:02;10.1.1.9;;", "name pi9 is that of line 1 already"},
  };
  for (const BadLine& bad : lines) {
    const ParsedInventory inventory = parse_hosts(concat(first, bad.line, "\n"));
    EXPECT_THAT(problems_of(inventory), ElementsAre(concat("hosts.csv:2: ", bad.problem)));
    EXPECT_EQ(inventory.hosts.size(), 1U);
  }
  const std::string long_name(65, 'x');
  EXPECT_EQ(parse_hosts(concat("B8:27:EB:00:00:02;10.0.0.2;", long_name, ";")).problems.size(), 1U);
}

TEST(Inventory, ALineWithAProblemReservesNothing) {
  const ParsedInventory inventory = parse_hosts(
      "B8:27:EB:00:00:01;10.0.0.1;a b;\n"
      "B8:27:EB:00:00:01;10.0.0.1;ab;\n");
  EXPECT_EQ(inventory.problems.size(), 1U);
  EXPECT_THAT(hosts_of(inventory), ElementsAre("ab 10.0.0.1 b8:27:eb:00:00:01"));
}

TEST(Inventory, SkipsAByteOrderMark) {
  EXPECT_THAT(hosts_of(parse_hosts("\xEF\xBB\xBF"
                                   "B8:27:EB:00:00:01;10.0.0.1;a;\n")),
              ElementsAre("a 10.0.0.1 b8:27:eb:00:00:01"));
}

TEST(Inventory, TheWrongFileGivesFewProblems) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "what is this\n";
  const ParsedInventory inventory = parse_hosts(text);
  ASSERT_EQ(inventory.problems.size(), kMostInventoryProblems + 1);
  EXPECT_EQ(problems_of(inventory).back(), "hosts.csv: and 4900 more problems");
}

TEST(Inventory, HoldsAtMostTheLimit) {
  std::string text;
  for (std::size_t i = 0; i <= kMostHosts; ++i) {
    const std::uint32_t address = 0x0A00'0000U + static_cast<std::uint32_t>(i);
    const MacAddress mac({0xB8, 0x27, 0xEB, static_cast<std::uint8_t>(i >> 16U), static_cast<std::uint8_t>(i >> 8U),
                          static_cast<std::uint8_t>(i)});
    text += concat(mac.to_string(), ';', Ipv4Address(address).to_string(), ";n", i, ";\n");
  }
  const ParsedInventory inventory = parse_hosts(text);
  EXPECT_EQ(inventory.hosts.size(), kMostHosts);
  EXPECT_THAT(problems_of(inventory),
              ElementsAre("hosts.csv:65537: more than 65536 hosts: this line and those after it are not used"));
}

TEST(Inventory, AnyTruncationAndAnyByteIsReadWithoutHarm) {
  const std::string text = "B8:27:EB:00:00:01;10.0.0.1;a;1\nB8:27:EB:00:00:02;10.0.0.2;;\r\n";
  for (std::size_t length = 0; length <= text.size(); ++length) {
    EXPECT_LE(parse_hosts(text.substr(0, length)).hosts.size(), 2U);
    for (int byte = 0; byte < 256 && length < text.size(); ++byte) {
      std::string changed = text;
      changed[length] = static_cast<char>(byte);
      parse_hosts(changed);
    }
  }
}

TEST(ReadInventory, TellsAMissingFileFromABadOne) {
  const test::TempTree tree({{"hosts.csv", "B8:27:EB:00:00:01;10.0.0.1;a;1\n"}, {"empty.csv", ""}, {"folder/", ""}});
  const auto good = read_inventory(tree.path("hosts.csv"));
  ASSERT_TRUE(good);
  EXPECT_EQ(good->hosts.size(), 1U);

  const auto empty = read_inventory(tree.path("empty.csv"));
  ASSERT_TRUE(empty);
  EXPECT_THAT(problems_of(*empty), IsEmpty());

  const auto missing = read_inventory(tree.path("absent.csv"));
  ASSERT_TRUE(missing);
  EXPECT_THAT(missing->hosts, IsEmpty());
  EXPECT_THAT(problems_of(*missing), ElementsAre("hosts.csv: no such file: the inventory is empty until it is there"));

  const auto folder = read_inventory(tree.path("folder"));
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().message, concat("reading ", tree.path("folder"), ": not a regular file"));

  tree.put("huge.csv", std::string(kMostInventoryBytes + 1, '#'));
  const auto huge = read_inventory(tree.path("huge.csv"));
  ASSERT_FALSE(huge);
  EXPECT_THAT(huge.error().message, HasSubstr("longer than 1048576 bytes"));
}

}  // namespace
}  // namespace piman::manager
