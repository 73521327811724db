// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/btrfs.h"

#include <cmath>

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using testing::HasSubstr;

constexpr const char* kUuid = "0abb23a9-579b-43e6-ad30-227ef47fcb9d";

void put_filesystem(const TempTree& tree, const std::string& uuid) {
  const std::string path = concat("sys/fs/btrfs/", uuid, '/');
  tree.put(path + "label", "backup\n");
  tree.put(path + "metadata_uuid", concat(uuid, '\n'));
  tree.put(path + "devices/sda1/size", "20971520\n");
  tree.put(path + "devices/sdb1/size", "20971520\n");
  tree.put(path + "allocation/global_rsv_size", "16777216\n");
  for (const char* group : {"data", "metadata", "system"}) {
    tree.put(concat(path, "allocation/", group, "/bytes_reserved"), "4096\n");
    tree.put(concat(path, "allocation/", group, "/flags"), "1\n");
    tree.put(concat(path, "allocation/", group, "/raid1/total_bytes"), "1073741824\n");
    tree.put(concat(path, "allocation/", group, "/raid1/used_bytes"), "933888\n");
  }
}

TEST(Btrfs, FromSysfsAlone) {
  const TempTree tree;
  put_filesystem(tree, kUuid);
  tree.put("sys/fs/btrfs/features/raid56", "0\n");
  const std::string page = CollectorHarness("btrfs", tree.path()).page();
  const auto layout = [](const char* family, const char* value) {
    std::string lines;
    for (const char* group : {"data", "metadata", "system"}) {
      lines += concat("node_btrfs_", family, "{block_group_type=\"", group, "\",mode=\"raid1\",uuid=\"", kUuid, "\"} ",
                      value, '\n');
    }
    return lines;
  };
  std::string reserved;
  for (const char* group : {"data", "metadata", "system"}) {
    reserved += concat("node_btrfs_reserved_bytes{block_group_type=\"", group, "\",uuid=\"", kUuid, "\"} 4096\n");
  }
  EXPECT_EQ(page, concat(layout("allocation_ratio", "2"), "node_btrfs_device_size_bytes{device=\"sda1\",uuid=\"", kUuid,
                         "\"} 1.073741824e+10\n", "node_btrfs_device_size_bytes{device=\"sdb1\",uuid=\"", kUuid,
                         "\"} 1.073741824e+10\n", "node_btrfs_global_rsv_size_bytes{uuid=\"", kUuid,
                         "\"} 1.6777216e+07\n", "node_btrfs_info{label=\"backup\",uuid=\"", kUuid, "\"} 1\n", reserved,
                         layout("size_bytes", "1.073741824e+09"), layout("used_bytes", "933888")));
}

TEST(Btrfs, AllocationRatios) {
  EXPECT_EQ(btrfs_allocation_ratio("single", 1), 1);
  EXPECT_EQ(btrfs_allocation_ratio("raid0", 4), 1);
  EXPECT_EQ(btrfs_allocation_ratio("dup", 1), 2);
  EXPECT_EQ(btrfs_allocation_ratio("raid10", 4), 2);
  EXPECT_EQ(btrfs_allocation_ratio("raid5", 4), 4.0 / 3.0);
  EXPECT_EQ(btrfs_allocation_ratio("raid6", 4), 2);
  EXPECT_EQ(btrfs_allocation_ratio("new", 4), 0);
  EXPECT_TRUE(std::isinf(btrfs_allocation_ratio("raid5", 1)));
}

TEST(Btrfs, WithoutBtrfsThereAreNoSamples) {
  const TempTree tree;
  EXPECT_EQ(CollectorHarness("btrfs", tree.path()).page(), "");
  tree.put("sys/fs/btrfs/features/", "");
  EXPECT_EQ(CollectorHarness("btrfs", tree.path()).page(), "");
}

TEST(Btrfs, AFileSystemThatCannotBeReadIsAnErrorAndTheOthersStand) {
  const TempTree tree;
  put_filesystem(tree, kUuid);
  tree.put("sys/fs/btrfs/7f07c59f-6136-449c-ab87-e1cf2328731b/label", "\n");
  const std::string page = CollectorHarness("btrfs", tree.path()).page();
  EXPECT_THAT(page, HasSubstr("e1cf2328731b/devices: No such file"));
  EXPECT_THAT(page, HasSubstr(concat("node_btrfs_info{label=\"backup\",uuid=\"", kUuid, "\"} 1\n")));
}

TEST(Btrfs, TheDirectoryNamesItWhereTheKernelIsOld) {
  const TempTree tree;
  put_filesystem(tree, kUuid);
  tree.remove(concat("sys/fs/btrfs/", kUuid, "/metadata_uuid"));
  EXPECT_THAT(CollectorHarness("btrfs", tree.path()).page(),
              HasSubstr(concat("node_btrfs_info{label=\"backup\",uuid=\"", kUuid, "\"} 1\n")));
}

TEST(Btrfs, MountPointsThatAreNoBtrfsAreNotTakenForOne) {
  const TempTree tree;
  put_filesystem(tree, kUuid);
  tree.put("proc/1/mounts", "/dev/sda1 /mnt btrfs rw 0 0\n/dev/sda2 / ext4 rw 0 0\nbroken\n");
  tree.put("root/mnt/", "");
  EXPECT_THAT(
      CollectorHarness("btrfs", tree.path()).page(),
      HasSubstr(concat("node_btrfs_device_size_bytes{device=\"sda1\",uuid=\"", kUuid, "\"} 1.073741824e+10\n")));
}

TEST(Btrfs, SurvivesTruncation) {
  constexpr std::string_view kSize = "20971520\n";
  for (std::size_t length = 0; length <= kSize.size(); ++length) {
    const TempTree tree;
    put_filesystem(tree, kUuid);
    tree.put(concat("sys/fs/btrfs/", kUuid, "/devices/sda1/size"), kSize.substr(0, length));
    tree.put(concat("sys/fs/btrfs/", kUuid, "/metadata_uuid"), std::string_view(kUuid).substr(0, length));
    EXPECT_EQ(CollectorHarness("btrfs", tree.path()).page().back(), '\n');
  }
}

}  // namespace
}  // namespace piman::agent
