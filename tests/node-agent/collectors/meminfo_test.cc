// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/meminfo.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;

constexpr std::string_view kPi4 =
    "MemTotal:        3884288 kB\nMemAvailable:    3419500 kB\nActive(anon):     105788 kB\nHugePages_Total:       0\n";

TEST(Meminfo, NamesAndUnits) {
  TempTree tree({{"proc/meminfo", kPi4}});
  EXPECT_EQ(CollectorHarness("meminfo", tree.path()).page(),
            "node_memory_MemTotal_bytes 3.977510912e+09\n"
            "node_memory_MemAvailable_bytes 3.501568e+09\n"
            "node_memory_Active_anon_bytes 1.08326912e+08\n"
            "node_memory_HugePages_Total 0\n");
}

TEST(Meminfo, NamesTheLineItDoesNotUnderstand) {
  TempTree tree({{"proc/meminfo", "MemTotal: lots kB\n"}});
  EXPECT_EQ(CollectorHarness("meminfo", tree.path()).page(),
            "error: " + tree.path() + "/proc/meminfo: not understood: \"MemTotal: lots kB\"\n");
}

TEST(Meminfo, EmptyFileIsAnError) {
  TempTree tree({{"proc/meminfo", ""}});
  EXPECT_EQ(CollectorHarness("meminfo", tree.path()).page(), "error: " + tree.path() + "/proc/meminfo: empty\n");
}

TEST(Meminfo, ReadsChangedContentThroughTheKeptFile) {
  TempTree tree({{"proc/meminfo", "MemTotal: 1 kB\n"}});
  CollectorHarness harness("meminfo", tree.path());
  EXPECT_EQ(harness.page(), "node_memory_MemTotal_bytes 1024\n");
  tree.put("proc/meminfo", "MemTotal: 2 kB\n");
  EXPECT_EQ(harness.page(), "node_memory_MemTotal_bytes 2048\n");
}

TEST(Meminfo, SurvivesTruncation) { expect_survives_truncation("meminfo", "proc/meminfo", kPi4); }

}  // namespace
}  // namespace piman::agent
