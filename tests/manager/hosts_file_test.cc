// SPDX-License-Identifier: Apache-2.0
#include "manager/fleet/hosts_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "manager/fleet/assignments.h"
#include "manager/inventory_hosts.h"
#include "tests/manager/sample_fleet.h"
#include "tests/support/temp_tree.h"

namespace piman::manager {
namespace {

using test::sample_host;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Host kNew = sample_host("pi9", "10.0.0.19", "b8:27:eb:00:00:09");
constexpr std::string_view kLine = "b8:27:eb:00:00:09;10.0.0.19;pi9;\n";

TEST(HostsFile, adds_a_line_and_leaves_the_others) {
  const std::string csv = "# our Pis\n\n B8-27-EB-00-00-01 ; 10.0.0.11;pi1;1700000000.5\n# end";
  EXPECT_EQ(*with_host(csv, kNew), concat(csv, '\n', kLine));
  EXPECT_EQ(*with_host("", kNew), kLine);
  EXPECT_EQ(*with_host("# a\r\nb8:27:eb:00:00:01;10.0.0.11;;\r\n", kNew),
            "# a\r\nb8:27:eb:00:00:01;10.0.0.11;;\r\nb8:27:eb:00:00:09;10.0.0.19;pi9;\r\n");
  EXPECT_EQ(*with_host("\xEF\xBB\xBF# from a spreadsheet\n", kNew),
            concat("\xEF\xBB\xBF# from a spreadsheet\n", kLine));
}

TEST(HostsFile, takes_out_a_line_and_leaves_the_others) {
  const std::string csv =
      "# our Pis\r\n B8-27-EB-00-00-01 ; 10.0.0.11;pi1;1700000000.5\r\n\r\nb8:27:eb:00:00:02;10.0.0.12;;";
  Host removed;
  const auto without = [&](std::string_view which) {
    const auto text = without_host(csv, which, removed);
    return text ? *text : "! " + text.error().message;
  };
  const std::string first_gone = "# our Pis\r\n\r\nb8:27:eb:00:00:02;10.0.0.12;;";
  EXPECT_EQ(without("pi1"), first_gone);
  EXPECT_EQ(removed, sample_host("pi1", "10.0.0.11", "b8:27:eb:00:00:01"));
  EXPECT_EQ(without("B8:27:EB:00:00:01"), first_gone);
  EXPECT_EQ(without("10.0.0.11"), first_gone);
  EXPECT_EQ(without("pi12"), "# our Pis\r\n B8-27-EB-00-00-01 ; 10.0.0.11;pi1;1700000000.5\r\n\r\n");
  EXPECT_EQ(without("pi9"), "! the inventory has no \"pi9\"");
  EXPECT_THAT(without_host("nonsense\n", "pi1", removed).error().message, HasSubstr("which must be solved first"));
}

TEST(HostsFile, refuses_what_is_taken_or_no_host) {
  const std::string csv = "b8:27:eb:00:00:01;10.0.0.11;pi1;\n";
  const auto why = [&](const char* name, const char* address, const char* mac) {
    const auto text = with_host(csv, sample_host(name, address, mac));
    return text ? std::string("taken") : text.error().message;
  };
  EXPECT_EQ(why("pi9", "10.0.0.19", "b8:27:eb:00:00:01"), "MAC b8:27:eb:00:00:01 is that of line 1 already");
  EXPECT_EQ(why("pi9", "10.0.0.11", "b8:27:eb:00:00:09"), "address 10.0.0.11 is that of line 1 already");
  EXPECT_EQ(why("PI1", "10.0.0.19", "b8:27:eb:00:00:09"), "name PI1 is that of line 1 already");
  EXPECT_THAT(why("pi9", "0.0.0.1", "b8:27:eb:00:00:09"), HasSubstr("no IPv4 address of a machine"));
  EXPECT_THAT(why("pi9", "10.0.0.19", "ff:ff:ff:ff:ff:ff"), HasSubstr("no MAC address of a machine"));
  for (const char* name : {"", "a;b", "a\nb8:27:eb:00:00:08;10.0.0.18;evil;", "../x", "-x", " pi9", "pi9 "}) {
    EXPECT_FALSE(with_host(csv, sample_host(name, "10.0.0.19", "b8:27:eb:00:00:09"))) << name;
  }
  EXPECT_THAT(with_host("broken\n", kNew).error().message, HasSubstr("a problem, which must be solved first: :1: "));
}

TEST(HostsFile, replaces_the_file_and_keeps_its_owner_mode_and_link) {
  const piman::test::TempTree tree({{"real.csv", "# mine\n"}, {"hosts.csv", piman::test::link("real.csv")}});
  ASSERT_EQ(::chmod(tree.path("real.csv").c_str(), 0640), 0);
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(tree.path("real.csv").c_str(), 12345, 54321), 0);
  }
  ASSERT_TRUE(append_host(tree.path("hosts.csv"), kNew));
  EXPECT_EQ(piman::test::read_file(tree.path("real.csv")), concat("# mine\n", kLine));
  EXPECT_TRUE(std::filesystem::is_symlink(tree.path("hosts.csv")));
  struct stat status {};
  ASSERT_EQ(::stat(tree.path("real.csv").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0640U);
  if (::geteuid() == 0) {
    EXPECT_EQ(status.st_uid, 12345U);
    EXPECT_EQ(status.st_gid, 54321U);
  }
  EXPECT_THAT(append_host(tree.path("hosts.csv"), kNew).error().message, HasSubstr("is that of line 2 already"));
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(tree.path())) ++files;
  EXPECT_EQ(files, 2U) << "something was left behind";
}

TEST(HostsFile, makes_a_file_that_is_not_there_and_says_where_it_can_not) {
  const piman::test::TempTree tree;
  ASSERT_TRUE(append_host(tree.path("hosts.csv"), kNew));
  EXPECT_EQ(piman::test::read_file(tree.path("hosts.csv")), kLine);
  EXPECT_THAT(append_host(tree.path("absent/hosts.csv"), kNew).error().message, HasSubstr("absent/hosts.csv"));
  EXPECT_THAT(append_host(tree.path(), kNew).error().message, HasSubstr("not a regular file"));
}

TEST(Assignments, reads_groups_and_images) {
  const auto parsed = parse_assignments("# who gets what\n\npi1;desk;bookworm\npi2;;trixie\r\n pi3 ; desk ;\n");
  EXPECT_THAT(parsed.problems, IsEmpty());
  ASSERT_THAT(parsed.by_node, SizeIs(3));
  EXPECT_EQ(parsed.by_node.at("pi1").image, "bookworm");
  EXPECT_EQ(parsed.by_node.at("pi2").group, "");
  EXPECT_EQ(parsed.by_node.at("pi3").group, "desk");
}

TEST(Assignments, names_every_problem_with_its_line) {
  const auto parsed = parse_assignments("pi1;desk\npi2;../etc;x\npi3;a;b/c\n;a;b\npi4;a;b\npi4;c;d\npi5;a;b;c\n");
  std::string problems;
  for (const auto& problem : parsed.problems) problems += problem.to_string("f") + '\n';
  EXPECT_EQ(problems,
            "f:1: \"pi1;desk\" has 2 fields; a line is NODE;GROUP;IMAGE\n"
            "f:2: \"../etc\" is no group: A-Z a-z 0-9 . _ -\n"
            "f:3: \"b/c\" is no image: A-Z a-z 0-9 . _ -\n"
            "f:4: \"\" is no node's name\n"
            "f:6: pi4 has an assignment in line 5 already\n"
            "f:7: \"pi5;a;b;c\" has 4 fields; a line is NODE;GROUP;IMAGE\n");
  EXPECT_THAT(parsed.by_node, SizeIs(1));
  EXPECT_EQ(unknown_nodes(parsed, {kNew}).at(0).to_string("f"), "f:5: no node pi4 in the inventory");
}

TEST(Assignments, a_missing_file_assigns_nothing) {
  const auto parsed = read_assignments("/nonexistent/assignments.csv");
  ASSERT_TRUE(parsed);
  EXPECT_THAT(parsed->by_node, IsEmpty());
  EXPECT_THAT(parsed->problems, IsEmpty());
  EXPECT_FALSE(read_assignments("/"));
}

TEST(InventoryHosts, joins_inventory_and_assignments) {
  InventoryHosts directory;
  EXPECT_EQ(directory.hosts()->find_name("pi9"), nullptr);
  const auto before = directory.hosts();
  directory.set({kNew, sample_host("pi1", "10.0.0.11", "b8:27:eb:00:00:01")}, parse_assignments("pi9;desk;trixie\n"));
  const auto table = directory.hosts();
  ASSERT_NE(table->find(kNew.mac), nullptr);
  EXPECT_EQ(table->find(kNew.mac)->group, "desk");
  EXPECT_EQ(table->find(kNew.address)->image, "trixie");
  EXPECT_EQ(table->find_name("pi1")->group, "");
  EXPECT_EQ(before->find_name("pi9"), nullptr);  // who reads the old table goes on reading it
}

}  // namespace
}  // namespace piman::manager
