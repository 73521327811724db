// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/filesystem.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;

TEST(Filesystem, MountLine) {
  const auto mount = parse_mount("/dev/mmcblk0p2 / ext4 rw,noatime 0 0");
  ASSERT_TRUE(mount);
  EXPECT_EQ(mount->device, "/dev/mmcblk0p2");
  EXPECT_EQ(mount->type, "ext4");
  EXPECT_FALSE(mount->read_only);
}

TEST(Filesystem, EscapesInMountPoints) {
  EXPECT_EQ(parse_mount(R"(/dev/sda1 /srv/my\040disk\011x\134 vfat ro 0 0)")->mount_point, "/srv/my disk\tx\\");
}

TEST(Filesystem, ReadOnlyIsAWholeWord) {
  EXPECT_TRUE(parse_mount("d / ext4 noatime,ro,errors=remount-ro 0 0")->read_only);
  EXPECT_FALSE(parse_mount("d / ext4 rw,errors=remount-ro 0 0")->read_only);
}

TEST(Filesystem, AsksTheMountsThatAreNotExcluded) {
  TempTree tree({{"proc/1/mounts",
                  "/dev/root / ext4 rw 0 0\nproc /proc proc rw 0 0\ntmpfs /run tmpfs rw 0 0\n"
                  "/dev/root / ext4 rw 0 0\n/dev/gone /gone ext4 rw 0 0\n"},
                 {"root/", ""}});
  const std::string page = CollectorHarness("filesystem", tree.path()).page();
  EXPECT_THAT(page, testing::HasSubstr("node_filesystem_readonly{device=\"/dev/root\",fstype=\"ext4\","
                                       "mountpoint=\"/\"} 0\n"));
  EXPECT_THAT(page, testing::HasSubstr("node_filesystem_device_error{device=\"/dev/gone\",fstype=\"ext4\","
                                       "mountpoint=\"/gone\"} 1\n"));
  EXPECT_THAT(page, testing::Not(testing::HasSubstr("size_bytes{device=\"/dev/gone\"")));
  EXPECT_THAT(page, testing::Not(testing::HasSubstr("tmpfs")));
}

TEST(Filesystem, OwnMountsWhereInitsAreHidden) {
  TempTree tree({{"proc/self/mounts", "/dev/root / ext4 ro 0 0\n"}, {"root/", ""}});
  EXPECT_THAT(
      CollectorHarness("filesystem", tree.path()).page(),
      testing::HasSubstr("node_filesystem_readonly{device=\"/dev/root\",fstype=\"ext4\",mountpoint=\"/\"} 1\n"));
}

TEST(Filesystem, SurvivesTruncation) {
  expect_survives_truncation("filesystem", "proc/1/mounts", "/dev/root / ext4 rw 0 0\n/dev/a /a ext4 rw 0 0\n");
}

}  // namespace
}  // namespace piman::agent
