// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/mdadm.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;

constexpr std::string_view kMdstat =
    "Personalities : [raid1] [raid0] [linear]\n"
    "md0 : active raid1 sda1[0] sdb1[2](F) sdc1[3](S)\n"
    "      5853468 blocks super 1.2 [2/1] [U_]\n"
    "      bitmap: 0/1 pages [0KB], 65536KB chunk\n"
    "\n"
    "md1 : active raid1 sda2[0] sdb2[1]\n"
    "      195310144 blocks [2/2] [UU]\n"
    "      [=>...................]  recovery =  8.5% (16775552/195310144) finish=17.0min speed=259783K/sec\n"
    "\n"
    "md2 : active raid0 sda3[0] sdb3[1]\n"
    "      314159265 blocks 64k chunks\n"
    "\n"
    "md3 : inactive sdc4[0](S)\n"
    "      7932 blocks super external:imsm\n"
    "\n"
    "unused devices: <none>\n";

TEST(Mdadm, Page) {
  TempTree tree({{"proc/mdstat", kMdstat}});
  EXPECT_EQ(CollectorHarness("mdadm", tree.path()).page(),
            "node_md_blocks{device=\"md0\"} 5.853468e+06\n"
            "node_md_blocks{device=\"md1\"} 1.95310144e+08\n"
            "node_md_blocks{device=\"md2\"} 3.14159265e+08\n"
            "node_md_blocks{device=\"md3\"} 7932\n"
            "node_md_blocks_synced{device=\"md0\"} 5.853468e+06\n"
            "node_md_blocks_synced{device=\"md1\"} 1.6775552e+07\n"
            "node_md_blocks_synced{device=\"md2\"} 3.14159265e+08\n"
            "node_md_blocks_synced{device=\"md3\"} 7932\n"
            "node_md_disks{device=\"md0\",state=\"active\"} 1\n"
            "node_md_disks{device=\"md0\",state=\"failed\"} 1\n"
            "node_md_disks{device=\"md0\",state=\"spare\"} 1\n"
            "node_md_disks{device=\"md1\",state=\"active\"} 2\n"
            "node_md_disks{device=\"md1\",state=\"failed\"} 0\n"
            "node_md_disks{device=\"md1\",state=\"spare\"} 0\n"
            "node_md_disks{device=\"md2\",state=\"active\"} 2\n"
            "node_md_disks{device=\"md2\",state=\"failed\"} 0\n"
            "node_md_disks{device=\"md2\",state=\"spare\"} 0\n"
            "node_md_disks{device=\"md3\",state=\"active\"} 0\n"
            "node_md_disks{device=\"md3\",state=\"failed\"} 0\n"
            "node_md_disks{device=\"md3\",state=\"spare\"} 1\n"
            "node_md_disks_required{device=\"md0\"} 2\n"
            "node_md_disks_required{device=\"md1\"} 2\n"
            "node_md_disks_required{device=\"md2\"} 2\n"
            "node_md_disks_required{device=\"md3\"} 0\n"
            "node_md_state{device=\"md0\",state=\"active\"} 1\n"
            "node_md_state{device=\"md0\",state=\"check\"} 0\n"
            "node_md_state{device=\"md0\",state=\"inactive\"} 0\n"
            "node_md_state{device=\"md0\",state=\"recovering\"} 0\n"
            "node_md_state{device=\"md0\",state=\"resync\"} 0\n"
            "node_md_state{device=\"md1\",state=\"active\"} 0\n"
            "node_md_state{device=\"md1\",state=\"check\"} 0\n"
            "node_md_state{device=\"md1\",state=\"inactive\"} 0\n"
            "node_md_state{device=\"md1\",state=\"recovering\"} 1\n"
            "node_md_state{device=\"md1\",state=\"resync\"} 0\n"
            "node_md_state{device=\"md2\",state=\"active\"} 1\n"
            "node_md_state{device=\"md2\",state=\"check\"} 0\n"
            "node_md_state{device=\"md2\",state=\"inactive\"} 0\n"
            "node_md_state{device=\"md2\",state=\"recovering\"} 0\n"
            "node_md_state{device=\"md2\",state=\"resync\"} 0\n"
            "node_md_state{device=\"md3\",state=\"active\"} 0\n"
            "node_md_state{device=\"md3\",state=\"check\"} 0\n"
            "node_md_state{device=\"md3\",state=\"inactive\"} 1\n"
            "node_md_state{device=\"md3\",state=\"recovering\"} 0\n"
            "node_md_state{device=\"md3\",state=\"resync\"} 0\n");
}

RaidArray only_array(std::string_view sync_line) {
  const std::string content =
      concat("md9 : active raid1 sda1[0] sdb1[1]\n      100 blocks [2/2] [UU]\n", sync_line, '\n');
  const auto arrays = parse_mdstat(content);
  EXPECT_TRUE(arrays);
  return arrays && arrays->size() == 1 ? arrays->front() : RaidArray{};
}

TEST(Mdadm, WhatAnArrayIsDoing) {
  EXPECT_EQ(only_array("").state, ArrayState::kActive);
  EXPECT_EQ(only_array("      [>....]  check =  1.0% (1/100) finish=1.0min speed=1K/sec").state, ArrayState::kChecking);
  EXPECT_EQ(only_array("      [>....]  resync =  1.0% (1/100) finish=1.0min speed=1K/sec").state,
            ArrayState::kResyncing);
  const RaidArray pending = only_array("      \tresync=PENDING");
  EXPECT_EQ(pending.state, ArrayState::kResyncing);
  EXPECT_EQ(pending.blocks_synced, 0);
  EXPECT_EQ(only_array("      \tresync=DELAYED").blocks_synced, 0);
  EXPECT_EQ(only_array("      [>....]  check =  1.0% (7/100) finish=1.0min speed=1K/sec").blocks_synced, 7);
}

TEST(Mdadm, RefusesWhatItDoesNotUnderstand) {
  for (const char* bad : {"md0\n", "md0 : active raid1\n", "md0 : active raid1 a[0]\n      x blocks [2/2] [UU]\n",
                          "md0 : active raid1 a[0]\n      100 blocks\n",
                          "md0 : active raid1 a[0]\n      100 blocks [2/2] [UU]\n      recovery = much\n"}) {
    EXPECT_FALSE(parse_mdstat(bad)) << bad;
  }
}

TEST(Mdadm, AbsentInAKernelWithoutRaid) {
  TempTree tree({{"proc/", ""}});
  EXPECT_EQ(CollectorHarness("mdadm", tree.path()).page(), "absent\n");
  tree.put("proc/mdstat/", "");
  EXPECT_THAT(CollectorHarness("mdadm", tree.path()).page(), testing::HasSubstr("mdstat: Is a directory"));
}

TEST(Mdadm, WithoutArraysThereAreNoSamples) {
  TempTree tree({{"proc/mdstat", "Personalities : \nunused devices: <none>\n"}});
  EXPECT_EQ(CollectorHarness("mdadm", tree.path()).page(), "");
}

TEST(Mdadm, SurvivesTruncation) { expect_survives_truncation("mdadm", "proc/mdstat", kMdstat); }

}  // namespace
}  // namespace piman::agent
