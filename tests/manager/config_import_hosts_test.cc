// SPDX-License-Identifier: Apache-2.0
#include "manager/config_import_hosts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manager/fleet/inventory.h"

namespace piman::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// As the Python system leaves it after some weeks: upper case where a Pi asked, names that were lost or are all alike.
constexpr const char* kOld =
    "B8:27:EB:6C:4C:16;172.30.4.2;pi2;1543190400\n"
    "b8:27:eb:b8:7d:28;172.30.4.3;;\n"
    "B8:27:EB:9A:00:04;172.30.4.4;raspberrypi;1543190411\n"
    "B8:27:EB:9A:00:05;172.30.4.5;raspberrypi;1543190412\n";

TEST(ImportHosts, AnOldFileKeepsItsNodes) {
  const ImportedHosts imported = import_hosts(kOld);
  EXPECT_EQ(imported.csv,
            "b8:27:eb:6c:4c:16;172.30.4.2;pi2;1543190400\n"
            "b8:27:eb:b8:7d:28;172.30.4.3;pi3;\n"
            "b8:27:eb:9a:00:04;172.30.4.4;raspberrypi;1543190411\n"
            "b8:27:eb:9a:00:05;172.30.4.5;pi5;1543190412\n");
  EXPECT_THAT(imported.problems,
              ElementsAre("line 4: the name \"raspberrypi\" is another host's already: pi5 instead"));
  const ParsedInventory inventory = parse_hosts(imported.csv);
  EXPECT_THAT(inventory.problems, IsEmpty());
  EXPECT_EQ(inventory.hosts, imported.hosts);
}

TEST(ImportHosts, WhatIsNotUnderstoodIsNamedWithItsLine) {
  const ImportedHosts imported = import_hosts(
      "\xEF\xBB\xBF\r\n"
      "B8:27:EB:00:00:01;172.30.4.1;a b;soon\r\n"
      "not a host\n"
      "B8:27:EB:00:00:0G;172.30.4.2;x;\n"
      "B8:27:EB:00:00:03;172.30.4.300;x;\n"
      "B8:27:EB:00:00:01;172.30.4.9;x;\n"
      "B8:27:EB:00:00:04;172.30.4.1;x;\n"
      "a;b;c;d;e\n"
      "B8:27:EB:00:00:04;172.30.4.4;x;1\n");
  EXPECT_EQ(imported.csv, "b8:27:eb:00:00:01;172.30.4.1;pi1;\nb8:27:eb:00:00:04;172.30.4.4;x;1\n");
  EXPECT_THAT(
      imported.problems,
      ElementsAre("line 2: the name \"a b\" is no host name: pi1 instead", HasSubstr("line 2: \"soon\" is no time"),
                  HasSubstr("line 3: \"not a host\""), HasSubstr("line 4: \"B8:27:EB:00:00:0G\" is no MAC"),
                  HasSubstr("line 5: \"172.30.4.300\" is no IPv4"), HasSubstr("line 6: b8:27:eb:00:00:01 stands"),
                  HasSubstr("line 7: 172.30.4.1 is another"), HasSubstr("line 8: ")));
}

TEST(ImportHosts, ADerivedNameMayBeTakenToo) {
  const ImportedHosts imported = import_hosts(
      "B8:27:EB:00:00:01;10.0.0.1;pi7;\nB8:27:EB:00:00:02;10.0.0.7;;\nB8:27:EB:00:00:03;10.0.1.7;pi0-7;\n"
      "B8:27:EB:00:00:04;10.1.0.7;;\n");
  EXPECT_EQ(imported.csv,
            "b8:27:eb:00:00:01;10.0.0.1;pi7;\nb8:27:eb:00:00:02;10.0.0.7;pi0-7;\nb8:27:eb:00:00:03;10.0.1.7;pi1-7;\n");
  EXPECT_THAT(imported.problems,
              ElementsAre(HasSubstr("line 3: the name \"pi0-7\" is another host's"), HasSubstr("line 4: ")));
}

TEST(ImportHosts, EveryTruncationGivesAGoodInventory) {
  const std::string whole = kOld;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const ImportedHosts imported = import_hosts(whole.substr(0, size));
    EXPECT_THAT(parse_hosts(imported.csv).problems, IsEmpty()) << size;
  }
}

TEST(ImportHosts, IsBounded) {
  std::string wrong;
  for (int i = 0; i < 10'000; ++i) wrong += "x\n";
  EXPECT_THAT(import_hosts(wrong).problems, SizeIs(kMostInventoryProblems + 1));
  EXPECT_THAT(import_hosts(wrong).problems.back(), HasSubstr("and 9900 more"));
}

}  // namespace
}  // namespace piman::manager
