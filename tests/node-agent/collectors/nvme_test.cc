// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/nvme.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Nvme, WhatADriveSaysOfItself) {
  TempTree tree({{"sys/class/nvme/nvme1/firmware_rev", "2B2\n"},
                 {"sys/class/nvme/nvme1/model", "Some \"Drive\" 250GB                        \n"},
                 {"sys/class/nvme/nvme1/serial", "   S680HF8N190894I\n"},
                 {"sys/class/nvme/nvme1/state", "live\n"}});
  CollectorHarness harness("nvme", tree.path());
  EXPECT_EQ(harness.page(),
            "node_nvme_info{device=\"nvme1\",firmware_revision=\"2B2\",model=\"Some \\\"Drive\\\" 250GB\","
            "serial=\"S680HF8N190894I\",state=\"live\"} 1\n");
  tree.put("sys/class/nvme/nvme1/state", "dead\n");
  EXPECT_THAT(harness.page(), HasSubstr("state=\"dead\""));
  tree.remove("sys/class/nvme/nvme1");
  EXPECT_EQ(harness.page(), "");
}

TEST(Nvme, AMachineWithoutTheDriverHasNothingToReport) {
  TempTree tree({{"sys/class/", ""}});
  EXPECT_EQ(CollectorHarness("nvme", tree.path()).page(), "absent\n");
}

TEST(Nvme, ADriveThatHidesSomethingIsAnError) {
  TempTree tree({{"sys/class/nvme/nvme0/firmware_rev", "1"}, {"sys/class/nvme/nvme0/model/", ""}});
  EXPECT_THAT(CollectorHarness("nvme", tree.path()).page(), HasSubstr("nvme0/model"));
}

TEST(Nvme, SurvivesTruncation) { expect_survives_truncation("nvme", "sys/class/nvme/nvme0/model", "Drive\xFF\"\n"); }

}  // namespace
}  // namespace piman::agent
