// SPDX-License-Identifier: Apache-2.0
#include "node-agent/device_tree.h"

#include <gtest/gtest.h>

#include "tests/support/temp_tree.h"

namespace piman::agent {
namespace {

using test::TempTree;
using namespace std::string_literals;
using namespace std::string_view_literals;

TEST(DeviceTree, CellsAreBigEndian) {
  EXPECT_EQ(decode_cell("\x00\xc0\x31\x14"sv), 0xc03114U);
  EXPECT_EQ(decode_cell("\xff\xff\xff\xff more"sv), 0xffffffffU);
  for (std::size_t length = 0; length < 4; ++length) EXPECT_FALSE(decode_cell("\0\0\0\1"sv.substr(0, length)));
  EXPECT_EQ(decode_cells("\0\0\0\1\0\0\0\2\0"sv), (std::vector<std::uint32_t>{1, 2}));
  EXPECT_TRUE(decode_cells("").empty());
}

TEST(DeviceTree, Properties) {
  TempTree tree({{"proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0"s},
                 {"proc/device-tree/chosen/power/cells", "\0\0\x13\x88\0\0\0\1"s}});
  const HostPaths paths = tree.host_paths();
  EXPECT_EQ(read_device_tree_text(paths, "model"), "Raspberry Pi 4 Model B Rev 1.4");
  EXPECT_EQ(read_device_tree_cell(paths, "chosen/power/cells"), 5000U);
  EXPECT_EQ(read_device_tree_cells(paths, "chosen/power/cells"), (std::vector<std::uint32_t>{5000, 1}));
  EXPECT_FALSE(read_device_tree_text(paths, "chosen"));
  EXPECT_FALSE(read_device_tree_cell(paths, "absent"));
  EXPECT_FALSE(read_device_tree_cells(paths, "absent"));
}

TEST(BoardIdentity, FromTheDeviceTree) {
  TempTree tree({{"proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0"s},
                 {"proc/device-tree/serial-number", "10000000e09200d8\0"s},
                 {"proc/device-tree/system/linux,revision", "\x00\xd0\x31\x14"s}});
  const auto board = read_board_identity(tree.host_paths());
  ASSERT_TRUE(board);
  EXPECT_EQ(board->model, "Raspberry Pi 4 Model B Rev 1.4");
  EXPECT_EQ(board->serial, "10000000e09200d8");
  EXPECT_EQ(board->revision_code, 0xd03114U);
}

TEST(BoardIdentity, FromCpuinfoWithoutADeviceTree) {
  TempTree tree({{"proc/cpuinfo",
                  "processor\t: 0\nmodel name\t: ARMv7 Processor rev 3 (v7l)\n\nHardware\t: BCM2835\n"
                  "Revision\t: a02082\nSerial\t\t: 00000000765fc593\nModel\t\t: Raspberry Pi 3 Model B Rev 1.2\n"}});
  const auto board = read_board_identity(tree.host_paths());
  ASSERT_TRUE(board);
  EXPECT_EQ(board->model, "Raspberry Pi 3 Model B Rev 1.2");
  EXPECT_EQ(board->serial, "00000000765fc593");
  EXPECT_EQ(board->revision_code, 0xa02082U);
  tree.put("proc/device-tree/model", "");
  EXPECT_TRUE(read_board_identity(tree.host_paths()));
}

TEST(BoardIdentity, OtherMachines) {
  TempTree nothing;
  EXPECT_FALSE(read_board_identity(nothing.host_paths()));
  TempTree other({{"proc/device-tree/model", "Radxa ROCK Pi 4B\0"s}, {"proc/cpuinfo", "Model : Raspberry Pi 4\n"}});
  EXPECT_FALSE(read_board_identity(other.host_paths()));
  EXPECT_FALSE(parse_cpuinfo_identity("processor : 0\nmodel name : Intel\nRevision : zz\n"));
  EXPECT_FALSE(parse_cpuinfo_identity("Model : Raspberry Pi\nRevision : 1234567890ab\n")->revision_code);
}

}  // namespace
}  // namespace piman::agent
