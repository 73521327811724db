// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/loadavg.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;

TEST(Loadavg, WritesThreeAverages) {
  TempTree tree({{"proc/loadavg", "0.21 0.37 10.39 1/719 19737\n"}});
  EXPECT_EQ(CollectorHarness("loadavg", tree.path()).page(), "node_load1 0.21\nnode_load5 0.37\nnode_load15 10.39\n");
}

TEST(Loadavg, MissingFileNamesThePath) {
  TempTree tree;
  const std::string page = CollectorHarness("loadavg", tree.path()).page();
  EXPECT_EQ(page, "error: reading " + tree.path() + "/proc/loadavg: No such file or directory\n");
}

TEST(Loadavg, RefusesWords) { EXPECT_FALSE(parse_loadavg("0.2 much 0.3")); }
TEST(Loadavg, RefusesDecimalComma) { EXPECT_FALSE(parse_loadavg("0,2 0,3 0,4")); }
TEST(Loadavg, SurvivesTruncation) { expect_survives_truncation("loadavg", "proc/loadavg", "0.21 0.37 0.39 1/719 1\n"); }

}  // namespace
}  // namespace piman::agent
