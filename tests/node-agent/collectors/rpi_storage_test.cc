// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/rpi_storage.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Optional;

void put_card(const TempTree& tree, const std::string& device, const std::string& type, const std::string& cid) {
  const std::string at = concat("sys/block/", device, "/device/");
  tree.put(at + "cid", cid + "\n");
  tree.put(at + "date", "06/2021\n");
  tree.put(at + "manfid", "0x000003\n");
  tree.put(at + "name", "SC32G\n");
  tree.put(at + "oemid", "0x5344\n");
  tree.put(at + "serial", "0x5a3c7f01\n");
  tree.put(at + "type", type + "\n");
}

TEST(RpiStorage, AnSdCardHasNoLifeTime) {
  TempTree tree;
  put_card(tree, "mmcblk0", "SD", "035344534333324780 5a3c7f01");
  tree.put("sys/block/loop0/size", "0\n");
  EXPECT_EQ(CollectorHarness("rpi_storage", tree.path()).page(),
            R"(rpi_mmc_info{cid="035344534333324780 5a3c7f01",date="06/2021",device="mmcblk0",manfid="0x000003",)"
            R"(name="SC32G",oemid="0x5344",serial="0x5a3c7f01",type="SD"} 1)"
            "\n");
}

TEST(RpiStorage, EmmcTellsOfItsWear) {
  TempTree tree;
  put_card(tree, "mmcblk0", "MMC", "150100424a544434");
  tree.put("sys/block/mmcblk0/device/life_time", "0x01 0x0b\n");
  tree.put("sys/block/mmcblk0/device/pre_eol_info", "0x01\n");
  tree.put("sys/block/mmcblk0boot0/device/cid", "150100424a544434\n");
  const std::string page = CollectorHarness("rpi_storage", tree.path()).page();
  EXPECT_THAT(page, HasSubstr("rpi_mmc_life_time_used_ratio{device=\"mmcblk0\",type=\"a\"} 0.1\n"
                              "rpi_mmc_life_time_used_ratio{device=\"mmcblk0\",type=\"b\"} 1.1\n"
                              "rpi_mmc_pre_eol_state{device=\"mmcblk0\"} 1\n"));
  EXPECT_THAT(page, testing::Not(HasSubstr("boot0")));
}

TEST(RpiStorage, AnotherCardInTheSlot) {
  TempTree tree;
  put_card(tree, "mmcblk0", "SD", "one");
  CollectorHarness harness("rpi_storage", tree.path());
  EXPECT_THAT(harness.page(), HasSubstr("cid=\"one\",date=\"06/2021\""));
  put_card(tree, "mmcblk0", "SD", "two");
  tree.put("sys/block/mmcblk0/device/date", "01/2025\n");
  EXPECT_THAT(harness.page(), HasSubstr("cid=\"two\",date=\"01/2025\""));
  tree.remove("sys/block/mmcblk0");
  tree.put("sys/block/", "");
  EXPECT_EQ(harness.page(), "absent\n");
}

TEST(RpiStorage, Ext4) {
  TempTree tree({{"sys/fs/ext4/features/lazy_itable_init", "supported\n"},
                 {"sys/fs/ext4/mmcblk0p2/errors_count", "3\n"},
                 {"sys/fs/ext4/mmcblk0p2/first_error_time", "1700000000\n"},
                 {"sys/fs/ext4/mmcblk0p2/last_error_time", "1700000100\n"},
                 {"sys/fs/ext4/mmcblk0p2/lifetime_write_kbytes", "1048576\n"},
                 {"sys/fs/ext4/sda1/errors_count", "0\n"},
                 {"sys/fs/ext4/sda1/first_error_time", "0\n"},
                 {"sys/fs/ext4/sda1/last_error_time", "0\n"},
                 {"proc/1/mounts", "/dev/mmcblk0p2 / ext4 ro,noatime 0 0\n"}});
  EXPECT_EQ(CollectorHarness("rpi_storage", tree.path()).page(),
            "rpi_ext4_errors_total{device=\"mmcblk0p2\"} 3\nrpi_ext4_errors_total{device=\"sda1\"} 0\n"
            "rpi_ext4_first_error_timestamp_seconds{device=\"mmcblk0p2\"} 1.7e+09\n"
            "rpi_ext4_last_error_timestamp_seconds{device=\"mmcblk0p2\"} 1.7000001e+09\n"
            "rpi_ext4_written_bytes_total{device=\"mmcblk0p2\"} 1.073741824e+09\n"
            "rpi_root_readonly 1\n");
}

TEST(RpiStorage, Absent) {
  TempTree tree;
  EXPECT_EQ(CollectorHarness("rpi_storage", tree.path()).page(), "absent\n");
}

TEST(RpiStorage, LifeTime) {
  EXPECT_THAT(parse_life_time("0x01 0x0a\n"), ElementsAre(Optional(0.1), Optional(1.0)));
  EXPECT_THAT(parse_life_time("0x00 0x0b"), ElementsAre(std::nullopt, Optional(1.1)));
  EXPECT_THAT(parse_life_time("0x05"), ElementsAre(Optional(0.5), std::nullopt));
  for (const char* text : {"", "0x", "0x0c 0xff", "1 2", "0xzz 0x-1", "0x100000000000000000 x"}) {
    EXPECT_THAT(parse_life_time(text), ElementsAre(std::nullopt, std::nullopt)) << text;
  }
}

TEST(RpiStorage, PreEol) {
  EXPECT_EQ(parse_pre_eol("0x01\n"), 1U);
  EXPECT_EQ(parse_pre_eol("0x03"), 3U);
  for (const char* text : {"", "0x", "0x00", "0x04", "1", "0xff", "x"}) EXPECT_FALSE(parse_pre_eol(text)) << text;
}

TEST(RpiStorage, Truncated) {
  expect_survives_truncation("rpi_storage", "sys/block/mmcblk0/device/life_time", "0x01 0x02\n");
  expect_survives_truncation("rpi_storage", "sys/block/mmcblk0/device/cid", "0353445343\"\\\xff\n");
  expect_survives_truncation("rpi_storage", "proc/1/mounts", "/dev/mmcblk0p2 / ext4 ro,noatime 0 0\n");
  expect_survives_truncation("rpi_storage", "sys/fs/ext4/sda1/errors_count", "12345678901234567890123\n");
}

}  // namespace
}  // namespace piman::agent
