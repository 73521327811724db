// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/diskstats.h"

#include <chrono>
#include <filesystem>

#include "common/text.h"
#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;

constexpr std::string_view kCard =
    " 179       0 mmcblk0 14000 5000 1000 8000 20000 30000 2000 90000 1 45000 98000 10 0 4096 7 30 12\n"
    " 179       1 mmcblk0p1 100 0 200 50 1 0 1 1 0 60 51 0 0 0 0\n"
    "   7       0 loop0 1 0 2 3 0 0 0 0 0 0 0 0 0 0 0 0 0\n";

TEST(Diskstats, FactorsAndUdevProperties) {
  TempTree tree({{"proc/diskstats", kCard}, {"udev/b179:0", "S:disk\nE:ID_MODEL=SC32G\nE:ID_SERIAL_SHORT=0x1\n"}});
  const std::string page = CollectorHarness("diskstats", tree.path()).page();
  EXPECT_THAT(page, testing::HasSubstr("node_disk_info{device=\"mmcblk0\",major=\"179\",minor=\"0\",model=\"SC32G\","
                                       "path=\"\",revision=\"\",serial=\"0x1\",wwn=\"\"} 1\n"));
  EXPECT_THAT(page, testing::HasSubstr("node_disk_read_bytes_total{device=\"mmcblk0\"} 512000\n"));
  EXPECT_THAT(page, testing::HasSubstr("node_disk_read_time_seconds_total{device=\"mmcblk0\"} 8\n"));
  EXPECT_THAT(page, testing::HasSubstr("node_disk_written_bytes_total{device=\"mmcblk0\"} 1.024e+06\n"));
  EXPECT_THAT(page, testing::HasSubstr("node_disk_io_now{device=\"mmcblk0\"} 1\n"));
  EXPECT_THAT(page, testing::HasSubstr("node_disk_flush_requests_time_seconds_total{device=\"mmcblk0\"} 0.012\n"));
}

TEST(Diskstats, UdevIsAskedAgainWhenItPutAnotherFileThere) {
  TempTree tree({{"proc/diskstats", kCard}, {"udev/b179:0", "E:ID_MODEL=SC32G\n"}});
  const auto folder_is_from = [&](std::chrono::minutes age) {
    std::filesystem::last_write_time(tree.path("udev"), std::filesystem::file_time_type::clock::now() - age);
  };
  CollectorHarness harness("diskstats", tree.path());
  const auto has_model = [](std::string_view model) {
    return testing::HasSubstr(concat("minor=\"0\",model=\"", model, "\""));
  };
  folder_is_from(std::chrono::minutes(60));
  EXPECT_THAT(harness.page(), has_model("SC32G"));
  tree.put("udev/b179:0", "E:ID_MODEL=in place\n");  // as udev never does it
  EXPECT_THAT(harness.page(), has_model("SC32G"));
  folder_is_from(std::chrono::minutes(30));
  EXPECT_THAT(harness.page(), has_model("in place"));
  tree.remove("udev/b179:0");
  EXPECT_THAT(harness.page(), has_model(""));
  tree.put("udev/b179:0", "E:ID_MODEL=another\n");
  EXPECT_THAT(harness.page(), has_model("another"));
  tree.put("udev/b179:0", "E:ID_MODEL=at once\n");  // the folder's time is too young to be trusted
  EXPECT_THAT(harness.page(), has_model("at once"));
}

TEST(Diskstats, ColumnsThatTheKernelLacksAreAbsent) {
  TempTree tree({{"proc/diskstats", kCard}});
  const std::string page = CollectorHarness("diskstats", tree.path()).page();
  EXPECT_THAT(page, testing::HasSubstr("node_disk_discards_completed_total{device=\"mmcblk0p1\"} 0\n"));
  EXPECT_THAT(page, testing::Not(testing::HasSubstr("node_disk_flush_requests_total{device=\"mmcblk0p1\"}")));
}

TEST(Diskstats, LoopDevicesAreExcludedByDefault) {
  TempTree tree({{"proc/diskstats", kCard}});
  CollectorHarness harness("diskstats", tree.path());
  EXPECT_THAT(harness.page(), testing::Not(testing::HasSubstr("loop0")));
  CollectorHarness all("diskstats", tree.path());
  all.set_option("diskstats.device-exclude", "");
  EXPECT_THAT(all.page(), testing::HasSubstr("loop0"));
}

TEST(Diskstats, IncludeAndExcludeExcludeEachOther) {
  TempTree tree({{"proc/diskstats", kCard}});
  CollectorHarness harness("diskstats", tree.path());
  harness.set_option("diskstats.device-include", "mmc.*");
  EXPECT_EQ(
      harness.page(),
      "error: --collector.diskstats.device-exclude and --collector.diskstats.device-include exclude each other\n");
}

TEST(Diskstats, SurvivesTruncation) { expect_survives_truncation("diskstats", "proc/diskstats", kCard); }

}  // namespace
}  // namespace piman::agent
