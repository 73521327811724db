// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/cgroups.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kCgroups =
    "#subsys_name\thierarchy\tnum_cgroups\tenabled\n"
    "memory\t7\t234\t1\n"
    "cpu\t3\t172\t0\n";

TEST(Cgroups, ByController) {
  TempTree tree({{"proc/cgroups", kCgroups}});
  EXPECT_EQ(CollectorHarness("cgroups", tree.path()).page(),
            "node_cgroups_cgroups{subsys_name=\"cpu\"} 172\n"
            "node_cgroups_cgroups{subsys_name=\"memory\"} 234\n"
            "node_cgroups_enabled{subsys_name=\"cpu\"} 0\n"
            "node_cgroups_enabled{subsys_name=\"memory\"} 1\n");
}

TEST(Cgroups, AKernelWithoutThemHasNothingToReport) {
  EXPECT_EQ(CollectorHarness("cgroups", TempTree({{"proc/stat", ""}}).path()).page(), "absent\n");
}

TEST(Cgroups, WhatIsNoControllerIsAnError) {
  TempTree tree({{"proc/cgroups", "cpu 1 2\n"}});
  EXPECT_THAT(CollectorHarness("cgroups", tree.path()).page(), HasSubstr("cgroups: not understood: \"cpu 1 2\""));
  TempTree unreadable({{"proc/cgroups/", ""}});
  EXPECT_THAT(CollectorHarness("cgroups", unreadable.path()).page(), StartsWith("error: reading "));
}

TEST(Cgroups, SurvivesTruncation) { expect_survives_truncation("cgroups", "proc/cgroups", kCgroups); }

}  // namespace
}  // namespace piman::agent
