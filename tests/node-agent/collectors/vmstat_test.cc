// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/vmstat.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;

constexpr std::string_view kVmstat = "nr_free_pages 5\npgpgin 7344136\npswpin 1476\npgmajfault 7\noom_kill 0\n";

TEST(Vmstat, DefaultFieldsOnly) {
  TempTree tree({{"proc/vmstat", kVmstat}});
  EXPECT_EQ(CollectorHarness("vmstat", tree.path()).page(),
            "node_vmstat_pgpgin 7.344136e+06\nnode_vmstat_pswpin 1476\nnode_vmstat_pgmajfault 7\nnode_vmstat_oom_kill "
            "0\n");
}

TEST(Vmstat, FieldsByFlag) {
  TempTree tree({{"proc/vmstat", kVmstat}});
  CollectorHarness harness("vmstat", tree.path());
  harness.set_option("vmstat.fields", "^nr_");
  EXPECT_EQ(harness.page(), "node_vmstat_nr_free_pages 5\n");
}

TEST(Vmstat, SurvivesTruncation) { expect_survives_truncation("vmstat", "proc/vmstat", kVmstat); }

}  // namespace
}  // namespace piman::agent
