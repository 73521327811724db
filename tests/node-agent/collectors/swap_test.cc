// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/swap.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;

constexpr std::string_view kSwaps =
    "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
    "/dev/zram0                              partition\t524284\t\t1024\t\t100\n"
    "/var/swap\\040file                       file    \t102396\t\t0\t\t-2\n";

TEST(Swap, AreasOneByOne) {
  TempTree tree({{"proc/swaps", kSwaps}});
  EXPECT_EQ(CollectorHarness("swap", tree.path()).page(),
            "node_swap_priority{device=\"/dev/zram0\",swap_type=\"partition\"} 100\n"
            "node_swap_priority{device=\"/var/swap\\\\040file\",swap_type=\"file\"} -2\n"
            "node_swap_size_bytes{device=\"/dev/zram0\",swap_type=\"partition\"} 5.36866816e+08\n"
            "node_swap_size_bytes{device=\"/var/swap\\\\040file\",swap_type=\"file\"} 1.04853504e+08\n"
            "node_swap_used_bytes{device=\"/dev/zram0\",swap_type=\"partition\"} 1.048576e+06\n"
            "node_swap_used_bytes{device=\"/var/swap\\\\040file\",swap_type=\"file\"} 0\n");
}

TEST(Swap, WithoutSwapThereAreNoSamples) {
  TempTree tree({{"proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n"}});
  EXPECT_EQ(CollectorHarness("swap", tree.path()).page(), "");
}

TEST(Swap, MissingOrStrangeIsAnError) {
  TempTree tree({{"proc/swaps", "Filename\n/dev/zram0 partition 1 2\n"}});
  EXPECT_THAT(CollectorHarness("swap", tree.path()).page(), testing::HasSubstr("swaps: not understood: "));
  tree.remove("proc/swaps");
  EXPECT_THAT(CollectorHarness("swap", tree.path()).page(), testing::HasSubstr("swaps: No such file"));
}

TEST(Swap, SurvivesTruncation) { expect_survives_truncation("swap", "proc/swaps", kSwaps); }

}  // namespace
}  // namespace piman::agent
