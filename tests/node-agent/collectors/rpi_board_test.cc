// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/rpi_board.h"

#include "tests/node-agent/collectors/truncation.h"
#include "tests/node-agent/scripted_mailbox.h"

namespace piman::agent {
namespace {

using test::TempTree;
using namespace std::string_literals;

TempTree pi4() {
  return TempTree({{"proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0"s},
                   {"proc/device-tree/serial-number", "10000000e09200d8\0"s},
                   {"proc/device-tree/system/linux,revision", "\x00\xd0\x31\x14"s},
                   {"proc/device-tree/chosen/bootloader/boot-mode", "\0\0\0\2"s},
                   {"proc/device-tree/chosen/bootloader/partition", "\0\0\0\0"s},
                   {"proc/device-tree/chosen/bootloader/tryboot", "\0\0\0\0"s},
                   {"proc/device-tree/chosen/bootloader/version", "8ba17717fbcedd4c3b6d4bce7e50c7af4155cba9\0"s},
                   {"proc/device-tree/chosen/bootloader/build-timestamp", "\x63\xbe\xf1\xe4"s},
                   {"proc/device-tree/chosen/bootloader/update-timestamp", "\0\0\0\0"s}});
}

constexpr std::string_view kPi4Page =
    R"(rpi_info{board_revision="1.4",manufacturer="Sony UK",model="Raspberry Pi 4 Model B Rev 1.4",processor="BCM2711",)"
    R"(revision="d03114",serial="10000000e09200d8",type="4B"} 1
rpi_memory_bytes 8.589934592e+09
rpi_boot_info{mode="network",partition="0",tryboot="0"} 1
rpi_bootloader_info{version="8ba17717fbcedd4c3b6d4bce7e50c7af4155cba9"} 1
rpi_bootloader_build_timestamp_seconds 1.673458148e+09
)";

TEST(RpiBoard, WithoutMailbox) {
  const TempTree tree = pi4();
  EXPECT_EQ(CollectorHarness("rpi_board", tree.path()).page(), kPi4Page);
}

TEST(RpiBoard, FirmwareFromTheMailboxIsAskedOnce) {
  const TempTree tree = pi4();
  CollectorHarness harness("rpi_board", tree.path());
  const auto script = std::make_shared<MailboxScript>();
  script->words = {{MailboxTag::kFirmwareBuildTime, {1673458852}},
                   {MailboxTag::kFirmwareVariant, {4}},
                   {MailboxTag::kFirmwareHash, {0x8ba17717, 0xfbcedd4c, 0x3b6d4bce, 0x7e50c7af, 0x4155cba9}}};
  harness.set_board(scripted_board(harness.paths(), script));
  const std::string expected =
      std::string(kPi4Page) +
      "rpi_firmware_build_timestamp_seconds 1.673458852e+09\n"
      "rpi_firmware_info{hash=\"8ba17717fbcedd4c3b6d4bce7e50c7af4155cba9\",variant=\"start_cd\"} 1\n";
  EXPECT_EQ(harness.page(), expected);
  EXPECT_EQ(script->messages, 3);
  EXPECT_EQ(harness.page(), expected);
  EXPECT_EQ(script->messages, 3);
}

TEST(RpiBoard, AMailboxThatMayNotBeAskedIsAnError) {
  const TempTree tree = pi4();
  CollectorHarness harness("rpi_board", tree.path());
  const auto script = std::make_shared<MailboxScript>();
  script->error = "opening /dev/vcio: Permission denied";
  harness.set_board(scripted_board(harness.paths(), script));
  EXPECT_EQ(harness.page(), "error: opening /dev/vcio: Permission denied\n" + std::string(kPi4Page));
}

TEST(RpiBoard, AnOldBoardWithoutBootloaderInEeprom) {
  TempTree tree({{"proc/device-tree/model", "Raspberry Pi Model B Rev 2\0"s},
                 {"proc/device-tree/serial-number", "00000000c62a1b5f\0"s},
                 {"proc/device-tree/system/linux,revision", "\0\0\0\x0e"s}});
  EXPECT_EQ(CollectorHarness("rpi_board", tree.path()).page(),
            R"(rpi_info{board_revision="2.0",manufacturer="Sony UK",model="Raspberry Pi Model B Rev 2",)"
            R"(processor="BCM2835",revision="000e",serial="00000000c62a1b5f",type="B"} 1)"
            "\nrpi_memory_bytes 5.36870912e+08\n");
}

TEST(RpiBoard, ABoardThatIsNewerThanTheTable) {
  TempTree tree({{"proc/device-tree/model", "Raspberry Pi 6 Model B Rev 1.0\0"s},
                 {"proc/device-tree/system/linux,revision", "\x00\xf5\x52\x10"s},
                 {"proc/device-tree/chosen/rpi-sdram-size-gbit", "\0\0\x01\x00"s}});
  EXPECT_EQ(CollectorHarness("rpi_board", tree.path()).page(),
            R"(rpi_info{board_revision="1.0",manufacturer="Stadium",model="Raspberry Pi 6 Model B Rev 1.0",)"
            R"(processor="",revision="f55210",serial="",type=""} 1)"
            "\nrpi_memory_bytes 3.4359738368e+10\n");
}

TEST(RpiBoard, OtherMachines) {
  TempTree tree;
  EXPECT_EQ(CollectorHarness("rpi_board", tree.path()).page(), "absent\n");
}

TEST(RpiBoard, BootModes) {
  EXPECT_EQ(boot_mode_name(1), "sd");
  EXPECT_EQ(boot_mode_name(2), "network");
  EXPECT_EQ(boot_mode_name(4), "usb");
  EXPECT_EQ(boot_mode_name(6), "nvme");
  EXPECT_EQ(boot_mode_name(7), "http");
  EXPECT_EQ(boot_mode_name(0), "0");
  EXPECT_EQ(boot_mode_name(99), "99");
}

TEST(RpiBoard, Truncated) {
  expect_survives_truncation("rpi_board", "proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0"s);
  expect_survives_truncation("rpi_board", "proc/cpuinfo",
                             "Revision : c03111\nSerial : 100000\nModel : Raspberry Pi 4 Model B Rev 1.1\n");
}

}  // namespace
}  // namespace piman::agent
