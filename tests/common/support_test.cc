// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "common/host_files.h"
#include "tests/support/golden.h"
#include "tests/support/temp_tree.h"

/// The tests' own tools, on which the other tests' word rests.
namespace piman::test {
namespace {

TEST(TempTree, HoldsWhatItWasGivenAndGoesAway) {
  std::string root;
  {
    const TempTree tree(
        {{"proc/loadavg", "0.1\n"}, {"sys/class/net/eth0", link("../../devices/eth0")}, {"empty/", ""}});
    root = tree.path();
    EXPECT_EQ(read_file(tree.path("proc/loadavg")), "0.1\n");
    EXPECT_EQ(read_host_link(tree.path("sys/class/net/eth0")), "../../devices/eth0");
    EXPECT_TRUE(std::filesystem::is_directory(tree.path("empty")));
    EXPECT_EQ(tree.host_paths().proc("loadavg"), tree.path("proc/loadavg"));
    EXPECT_EQ(tree.host_paths().root("/etc"), tree.path("etc"));
    tree.remove("proc");
    EXPECT_FALSE(host_path_exists(tree.path("proc")));
  }
  EXPECT_FALSE(host_path_exists(root));
}

TEST(TempTree, PutReplacesLinks) {
  const TempTree tree({{"link", link("a")}});
  tree.put("link", link("b"));
  EXPECT_EQ(read_host_link(tree.path("link")), "b");
}

TEST(Golden, TellsTheFirstDifference) {
  EXPECT_EQ(first_difference("a\nb\n", "a\nc\n"), R"(line 2: expected "b", got "c")");
  EXPECT_EQ(first_difference("a\n", "a\nc\n"), R"(line 2: expected the end, got "c")");
  EXPECT_EQ(first_difference("a\n\n", "a\n"), R"(line 2: expected "", got the end)");
  EXPECT_EQ(first_difference("a\n", "a"), "only the last line end differs");
}

TEST(Golden, AnUpdateRewritesAndStillFails) {
  const TempTree tree({{"page.txt", "old\n"}});
  for (const char* name : {"page.txt", "new/page.txt"}) {
    const std::string path = tree.path(name);
    EXPECT_NE(golden_problem(path, "new\n", false), "");
    EXPECT_NE(golden_problem(path, "new\n", false), "") << "a look must not write";
    EXPECT_TRUE(golden_problem(path, "new\n", true).starts_with("rewrote "));
    EXPECT_EQ(golden_problem(path, "new\n", false), "");
    EXPECT_EQ(golden_problem(path, "new\n", true), "") << "nothing to rewrite is no failure";
  }
}

}  // namespace
}  // namespace piman::test
