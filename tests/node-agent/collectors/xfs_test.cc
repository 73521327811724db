// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/xfs.h"

#include <algorithm>

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kStats =
    "extent_alloc 1 872 3 4\n"
    "abt 5 6 7 8\n"
    "blk_map 61 29 1 2 3 91 4\n"
    "bmbt 9 10 11 12\n"
    "dir 3 2 1 52\n"
    "trans 4 40 0\n"
    "ig 5 1 6 4 7 8 9\n"
    "rw 28 14\n"
    "vnodes 4 0 13 15 1 16 17 0\n"
    "xpc 3571712 3568056 0\n";

TEST(Xfs, CountersOfAFileSystem) {
  TempTree tree({{"sys/fs/xfs/sda1/stats/stats", kStats}, {"sys/fs/xfs/stats/stats", kStats}});
  const std::string page = CollectorHarness("xfs", tree.path()).page();
  EXPECT_THAT(page, StartsWith("node_xfs_allocation_btree_compares_total{device=\"sda1\"} 6\n"
                               "node_xfs_allocation_btree_lookups_total{device=\"sda1\"} 5\n"
                               "node_xfs_allocation_btree_records_deleted_total{device=\"sda1\"} 8\n"
                               "node_xfs_allocation_btree_records_inserted_total{device=\"sda1\"} 7\n"));
  EXPECT_THAT(page, HasSubstr("node_xfs_extent_allocation_blocks_allocated_total{device=\"sda1\"} 872\n"));
  EXPECT_THAT(page, HasSubstr("node_xfs_read_calls_total{device=\"sda1\"} 14\n"));
  EXPECT_THAT(page, HasSubstr("node_xfs_write_calls_total{device=\"sda1\"} 28\n"));
  EXPECT_THAT(page, Not(HasSubstr("device=\"stats\"")));
  EXPECT_EQ(std::count(page.begin(), page.end(), '\n'), static_cast<long>(kXfsCounters));
}

TEST(Xfs, WithoutItThereIsNothingToSayWhichIsNoFailure) {
  TempTree tree({{"sys/fs/", ""}});
  EXPECT_EQ(CollectorHarness("xfs", tree.path()).page(), "");
}

TEST(Xfs, LinesThatLieAreErrors) {
  for (const std::string_view line : {"abt 1 2 3", "abt 1 2 3 4 5", "ig 1", "rw 1 x", "vnodes 1 2 3 4 5 6 7 8 9"}) {
    EXPECT_FALSE(parse_xfs_stats(line)) << line;
  }
  TempTree tree({{"sys/fs/xfs/sda1/stats/stats/", ""}});
  EXPECT_THAT(CollectorHarness("xfs", tree.path()).page(), StartsWith("error: reading "));
}

TEST(Xfs, SurvivesTruncation) { expect_survives_truncation("xfs", "sys/fs/xfs/sda1/stats/stats", kStats); }

}  // namespace
}  // namespace piman::agent
