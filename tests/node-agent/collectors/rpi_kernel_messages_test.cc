// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/rpi_kernel_messages.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;

constexpr std::string_view kLog =
    "6,4,0,-;Booting Linux on physical CPU 0x0000000000 [0x410fd083]\n"
    "2,5,9000000,-;hwmon hwmon1: Undervoltage detected!\n SUBSYSTEM=hwmon\n DEVICE=+hwmon:hwmon1\n"
    "6,6,13000000,-;hwmon hwmon1: Voltage normalised\n"
    "2,7,30000000,-;hwmon hwmon1: Undervoltage detected!\n"
    "14,8,30000001,-;hwmon hwmon1: Undervoltage detected!\n"
    "3,9,40000000,-;mmc0: error -110 whilst initialising SD card\n";

TEST(RpiKernelMessages, CountsByKind) {
  TempTree tree({{"dev/kmsg", kLog}});
  CollectorHarness harness("rpi_kernel_messages", tree.path());
  constexpr std::string_view kPage =
      "rpi_kernel_messages_lost_total 4\n"
      "rpi_kernel_messages_total{kind=\"ext4_error\"} 0\nrpi_kernel_messages_total{kind=\"mmc_error\"} 1\n"
      "rpi_kernel_messages_total{kind=\"oom_kill\"} 0\nrpi_kernel_messages_total{kind=\"thermal\"} 0\n"
      "rpi_kernel_messages_total{kind=\"under_voltage\"} 2\nrpi_kernel_messages_total{kind=\"usb_reset\"} 0\n";
  EXPECT_EQ(harness.page(), kPage);
  EXPECT_EQ(harness.page(), kPage);
  tree.put("dev/kmsg", concat(kLog, "3,10,50000000,-;EXT4-fs error (device mmcblk0p2): x\n"));
  EXPECT_THAT(harness.page(), testing::HasSubstr("{kind=\"ext4_error\"} 1\n"));
}

TEST(RpiKernelMessages, Absent) {
  TempTree tree;
  EXPECT_EQ(CollectorHarness("rpi_kernel_messages", tree.path()).page(), "absent\n");
  TempTree directory({{"dev/kmsg/", ""}});
  EXPECT_EQ(CollectorHarness("rpi_kernel_messages", directory.path()).page(), "absent\n");
}

TEST(RpiKernelMessages, Truncated) { expect_survives_truncation("rpi_kernel_messages", "dev/kmsg", kLog); }

}  // namespace
}  // namespace piman::agent
