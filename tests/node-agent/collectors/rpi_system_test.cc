// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/rpi_system.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;

constexpr auto kCleanLog = "6,0,0,-;Booting Linux\n6,1,4000000,-;EXT4-fs (mmcblk0p2): mounted filesystem\n";
constexpr auto kDirtyLog = "6,0,0,-;Booting Linux\n6,1,4000000,-;EXT4-fs (mmcblk0p2): recovery complete\n";
constexpr auto kDirtyCheck = "Log of fsck -C -a -T -t ext4 /dev/mmcblk0p2\nrootfs: recovering journal\nrootfs: clean\n";

std::string page_of(const TempTree& tree) { return CollectorHarness("rpi_system", tree.path()).page(); }

TEST(RpiSystem, RebootRequired) {
  TempTree tree;
  CollectorHarness harness("rpi_system", tree.path());
  EXPECT_EQ(harness.page(), "rpi_reboot_required 0\n");
  tree.put("root/run/reboot-required", "*** System restart required ***\n");
  EXPECT_EQ(harness.page(), "rpi_reboot_required 1\n");
}

TEST(RpiSystem, UncleanByTheKernelsWords) {
  EXPECT_EQ(page_of(TempTree({{"dev/kmsg", kCleanLog}})), "rpi_reboot_required 0\nrpi_unclean_shutdown 0\n");
  EXPECT_EQ(page_of(TempTree({{"dev/kmsg", kDirtyLog}})), "rpi_reboot_required 0\nrpi_unclean_shutdown 1\n");
}

TEST(RpiSystem, UnknownWhenTheBeginningOfTheLogIsGone) {
  EXPECT_EQ(page_of(TempTree({{"dev/kmsg", "6,90,9000000,-;later\n"}})), "rpi_reboot_required 0\n");
  EXPECT_EQ(page_of(TempTree({{"dev/kmsg", "6,90,3,-;EXT4-fs (mmcblk0p2): recovery complete\n"}})),
            "rpi_reboot_required 0\nrpi_unclean_shutdown 1\n");
}

TEST(RpiSystem, UncleanByTheCheckBeforeMounting) {
  EXPECT_EQ(page_of(TempTree({{"root/run/initramfs/fsck.log", kDirtyCheck}})),
            "rpi_reboot_required 0\nrpi_unclean_shutdown 1\n");
  EXPECT_EQ(page_of(TempTree({{"root/run/initramfs/fsck.log", "rootfs: clean, 1/2 files\n"}})),
            "rpi_reboot_required 0\nrpi_unclean_shutdown 0\n");
  EXPECT_EQ(page_of(TempTree({{"root/run/initramfs/fsck.log", kDirtyCheck}, {"dev/kmsg", kCleanLog}})),
            "rpi_reboot_required 0\nrpi_unclean_shutdown 1\n");
}

TEST(RpiSystem, Truncated) {
  expect_survives_truncation("rpi_system", "dev/kmsg", kDirtyLog);
  expect_survives_truncation("rpi_system", "root/run/initramfs/fsck.log", kDirtyCheck);
}

}  // namespace
}  // namespace piman::agent
