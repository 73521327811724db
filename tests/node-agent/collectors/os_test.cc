// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/os.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kRelease =
    "# what this is\n"
    "PRETTY_NAME=\"Some Linux 12 (worm)\"\n"
    "NAME=\"Some Linux\"\n"
    "VERSION_ID=\"12.5.1\"\n"
    "VERSION='12 (worm)'\n"
    "\n"
    "VERSION_CODENAME=worm\n"
    "ID=some\n"
    "ID_LIKE=\"debian ubuntu\"\n"
    "HOME_URL=\"https://example.org/\\$x\"\n";

TEST(Os, NamesAndVersion) {
  TempTree tree({{"root/etc/os-release", kRelease}});
  CollectorHarness harness("os", tree.path());
  const std::string page =
      "node_os_info{build_id=\"\",id=\"some\",id_like=\"debian ubuntu\",image_id=\"\",image_version=\"\","
      "name=\"Some Linux\",pretty_name=\"Some Linux 12 (worm)\",variant=\"\",variant_id=\"\",version=\"12 (worm)\","
      "version_codename=\"worm\",version_id=\"12.5.1\"} 1\n"
      "node_os_version{id=\"some\",id_like=\"debian ubuntu\",name=\"Some Linux\"} 12.5\n";
  EXPECT_EQ(harness.page(), page);
  EXPECT_EQ(harness.page(), page);
}

TEST(Os, ReadAnewAfterAnUpgrade) {
  TempTree tree({{"root/etc/os-release", "ID=old\nVERSION_ID=1\n"}});
  CollectorHarness harness("os", tree.path());
  EXPECT_THAT(harness.page(), HasSubstr("id=\"old\""));
  tree.remove("root/etc/os-release");
  tree.put("root/etc/os-release", "ID=new\n");
  EXPECT_THAT(harness.page(), HasSubstr("id=\"new\""));
  EXPECT_THAT(harness.page(), Not(HasSubstr("node_os_version")));
}

TEST(Os, TheVendorsFileStandsInForTheMachines) {
  TempTree tree({{"root/usr/lib/os-release", "ID=vendor\n"}});
  CollectorHarness harness("os", tree.path());
  EXPECT_THAT(harness.page(), HasSubstr("id=\"vendor\""));
  tree.put("root/etc/os-release", "ID=machine\n");
  EXPECT_THAT(harness.page(), HasSubstr("id=\"machine\""));
}

TEST(Os, WithoutEitherNothingIsReported) {
  TempTree tree({{"root/etc/", ""}});
  EXPECT_EQ(CollectorHarness("os", tree.path()).page(), "absent\n");
}

TEST(Os, AnUnreadableFileIsAnError) {
  TempTree tree({{"root/etc/os-release/", ""}});
  EXPECT_THAT(CollectorHarness("os", tree.path()).page(), StartsWith("error: reading "));
}

TEST(Os, QuotesAsAShellReadsThem) {
  const auto release = parse_os_release("A=\"x \\\"y\\\" \\$z\"\nB='a\\b'\nC=plain # said why\nD=\nE=\"one\"'two'\n");
  ASSERT_TRUE(release);
  EXPECT_EQ(release->at("A"), "x \"y\" $z");
  EXPECT_EQ(release->at("B"), "a\\b");
  EXPECT_EQ(release->at("C"), "plain");
  EXPECT_EQ(release->at("D"), "");
  EXPECT_EQ(release->at("E"), "onetwo");
}

TEST(Os, WhatIsNoAssignmentIsAnError) {
  for (const std::string_view text : {"NAME", "=x", "1A=x", "A B=x", "A=\"open", "A='open", "A=two words", "A=x\\"}) {
    EXPECT_FALSE(parse_os_release(text)) << text;
  }
}

TEST(Os, LeadingVersion) {
  EXPECT_EQ(leading_version("12"), 12);
  EXPECT_EQ(leading_version("22.04.1"), 22.04);
  EXPECT_EQ(leading_version("12."), 12);
  EXPECT_EQ(leading_version("3-rc"), 3);
  EXPECT_EQ(leading_version("rolling"), 0);
  EXPECT_EQ(leading_version(".5"), 0);
  EXPECT_EQ(leading_version(""), 0);
}

TEST(Os, SurvivesTruncation) { expect_survives_truncation("os", "root/etc/os-release", kRelease); }

}  // namespace
}  // namespace piman::agent
