// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/buddyinfo.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using testing::ElementsAre;

constexpr std::string_view kBuddies =
    "Node 0, zone      DMA      1      0      2 \n"
    "Node 0, zone   Normal   4381   1093    185 \n";

TEST(Buddyinfo, BlocksBySize) {
  TempTree tree({{"proc/buddyinfo", kBuddies}});
  EXPECT_EQ(CollectorHarness("buddyinfo", tree.path()).page(),
            "node_buddyinfo_blocks{node=\"0\",size=\"0\",zone=\"DMA\"} 1\n"
            "node_buddyinfo_blocks{node=\"0\",size=\"1\",zone=\"DMA\"} 0\n"
            "node_buddyinfo_blocks{node=\"0\",size=\"2\",zone=\"DMA\"} 2\n"
            "node_buddyinfo_blocks{node=\"0\",size=\"0\",zone=\"Normal\"} 4381\n"
            "node_buddyinfo_blocks{node=\"0\",size=\"1\",zone=\"Normal\"} 1093\n"
            "node_buddyinfo_blocks{node=\"0\",size=\"2\",zone=\"Normal\"} 185\n");
}

TEST(Buddyinfo, TakesLinesApart) {
  const auto line = parse_buddy_line("Node 1, zone DMA32 7 8");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->node, "1");
  EXPECT_EQ(line->zone, "DMA32");
  EXPECT_THAT(line->blocks, ElementsAre(7U, 8U));
  for (const char* bad : {"", "Node", "Node 0,", "Node 0, zone", "Node 0, zone DMA x", "Node 0, zone DMA 1 -2"}) {
    EXPECT_FALSE(parse_buddy_line(bad)) << bad;
  }
}

TEST(Buddyinfo, MissingOrStrangeIsAnError) {
  TempTree tree({{"proc/buddyinfo", "Node 0, zone DMA many\n"}});
  EXPECT_THAT(CollectorHarness("buddyinfo", tree.path()).page(), testing::HasSubstr("buddyinfo: not understood"));
  tree.remove("proc/buddyinfo");
  EXPECT_THAT(CollectorHarness("buddyinfo", tree.path()).page(), testing::HasSubstr("buddyinfo: No such file"));
}

TEST(Buddyinfo, SurvivesTruncation) { expect_survives_truncation("buddyinfo", "proc/buddyinfo", kBuddies); }

}  // namespace
}  // namespace piman::agent
