// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/stat.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;

constexpr std::string_view kStat =
    "cpu0 1 2 3 4\nintr 8885917 17 0\nctxt 38014093\nbtime 1418183276\nprocesses 26442\nprocs_running 2\n"
    "procs_blocked 1\n";

TEST(Stat, WritesWhatTheKernelSays) {
  TempTree tree({{"proc/stat", kStat}});
  EXPECT_EQ(CollectorHarness("stat", tree.path()).page(),
            "node_intr_total 8.885917e+06\nnode_context_switches_total 3.8014093e+07\nnode_forks_total 26442\n"
            "node_boot_time_seconds 1.418183276e+09\nnode_procs_running 2\nnode_procs_blocked 1\n");
}

TEST(Stat, WithoutBootTimeIsAnError) {
  TempTree tree({{"proc/stat", "ctxt 1\n"}});
  EXPECT_EQ(CollectorHarness("stat", tree.path()).page(), "error: " + tree.path() + "/proc/stat: no btime line\n");
}

TEST(Stat, SurvivesTruncation) { expect_survives_truncation("stat", "proc/stat", kStat); }

}  // namespace
}  // namespace piman::agent
