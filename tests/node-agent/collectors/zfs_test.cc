// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/zfs.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kArc =
    "7 1 0x01 21 5712 73163810083184 309946154984654\n"
    "name                            type data\n"
    "hits                            4    8772612\n"
    "memory_available_bytes          3    -922337203685\n"
    "l2-odd.name                     4    5\n";
constexpr std::string_view kIo =
    "12 3 0x00 1 80 79205351707403 395818011156865\n"
    "nread    nwritten reads    writes   wtime    wlentime wupdate  rtime    rlentime rupdate  wcnt     rcnt    \n"
    "1884160  3206144  22       132      7155162  104112268 7921 24168078 104112268 7921 0        3       \n";

std::string objset(std::string_view dataset, int writes) {
  return concat("23 1 0x01 7 2160 221578688875 6665999035587\nname  type data\ndataset_name  7    ", dataset,
                "\nwrites   4    ", writes, '\n');
}

TEST(Zfs, ModulePoolsAndDatasets) {
  TempTree tree({{"proc/spl/kstat/zfs/arcstats", kArc},
                 {"proc/spl/kstat/zfs/dbgmsg", "timestamp message\n"},
                 {"proc/spl/kstat/zfs/tank/io", kIo},
                 {"proc/spl/kstat/zfs/tank/objset-0x36", objset("tank/a b", 4)},
                 {"proc/spl/kstat/zfs/tank/state", "ONLINE\n"},
                 {"proc/spl/kstat/zfs/vault/objset-1", objset("vault", 7)},
                 {"proc/spl/kstat/zfs/vault/state", "DEGRADED\n"}});
  const std::string page = CollectorHarness("zfs", tree.path()).page();
  EXPECT_THAT(page, StartsWith("node_zfs_arc_hits 8.772612e+06\n"
                               "node_zfs_arc_l2_odd_name 5\n"
                               "node_zfs_zpool_dataset_writes{dataset=\"tank/a b\",zpool=\"tank\"} 4\n"
                               "node_zfs_zpool_dataset_writes{dataset=\"vault\",zpool=\"vault\"} 7\n"
                               "node_zfs_zpool_nread{zpool=\"tank\"} 1.88416e+06\n"
                               "node_zfs_zpool_nwritten{zpool=\"tank\"} 3.206144e+06\n"
                               "node_zfs_zpool_rcnt{zpool=\"tank\"} 3\n"));
  EXPECT_THAT(page, HasSubstr("node_zfs_zpool_state{state=\"online\",zpool=\"tank\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("node_zfs_zpool_state{state=\"degraded\",zpool=\"tank\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("node_zfs_zpool_state{state=\"degraded\",zpool=\"vault\"} 1\n"));
  EXPECT_THAT(page, Not(HasSubstr("memory_available_bytes")));
}

TEST(Zfs, AKernelWithoutTheModuleHasNothingToReport) {
  TempTree tree({{"proc/stat", ""}});
  EXPECT_EQ(CollectorHarness("zfs", tree.path()).page(), "absent\n");
}

TEST(Zfs, FilesThatAreNoneAreErrors) {
  TempTree tree({{"proc/spl/kstat/zfs/zil", "nothing\n"}});
  EXPECT_THAT(CollectorHarness("zfs", tree.path()).page(), HasSubstr("zil: no heading"));
  tree.put("proc/spl/kstat/zfs/zil", "name type data\nzil 4 many\n");
  EXPECT_THAT(CollectorHarness("zfs", tree.path()).page(), HasSubstr("no whole number: \"zil 4 many\""));
  tree.put("proc/spl/kstat/zfs/zil", kArc);
  tree.put("proc/spl/kstat/zfs/tank/io", "nread nwritten\n1\n");
  EXPECT_THAT(CollectorHarness("zfs", tree.path()).page(), HasSubstr("io: no number for nwritten"));
}

TEST(Zfs, SurvivesTruncation) {
  expect_survives_truncation("zfs", "proc/spl/kstat/zfs/arcstats", kArc);
  expect_survives_truncation("zfs", "proc/spl/kstat/zfs/tank/io", kIo);
  expect_survives_truncation("zfs", "proc/spl/kstat/zfs/tank/objset-1", objset("tank\xFF\"", 1));
}

}  // namespace
}  // namespace piman::agent
