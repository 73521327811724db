// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/page_facts.h"

#include <gtest/gtest.h>

#include "common/text.h"

namespace piman::manager {
namespace {

PageFacts facts_of(std::string_view page) {
  const auto facts = read_page_facts(page, prom_text::Format::kText);
  EXPECT_TRUE(facts) << facts.error().message;
  return facts.value_or(PageFacts{});
}

TEST(PageFacts, OfAPi) {
  const PageFacts facts = facts_of(
      "# TYPE node_boot_time_seconds gauge\n"
      "node_boot_time_seconds 1.571234567e+09\n"
      "node_hwmon_temp_celsius{chip=\"nvme_nvme0\",sensor=\"temp1\"} 33\n"
      "node_thermal_zone_temp{type=\"gpu-thermal\",zone=\"1\"} 44\n"
      "node_thermal_zone_temp{type=\"cpu-thermal\",zone=\"0\"} 51.121\n"
      "node_thermal_zone_temp{type=\"cpu-thermal\",zone=\"2\"} 99\n"
      "rpi_info{model=\"Raspberry Pi 4 Model B \\\"Rev\\\" 1.5\",revision=\"c03115\"} 1\n");
  EXPECT_EQ(facts.samples, 6U);
  EXPECT_EQ(facts.temperature_celsius, 51.121);
  EXPECT_EQ(facts.boot_time_seconds, 1'571'234'567);
  EXPECT_EQ(facts.model, "Raspberry Pi 4 Model B \"Rev\" 1.5");
}

TEST(PageFacts, TheNearestSensorCounts) {
  EXPECT_EQ(facts_of("node_hwmon_temp_celsius{sensor=\"temp1\"} 33\nnode_hwmon_temp_celsius{sensor=\"temp2\"} 34\n")
                .temperature_celsius,
            33);
  EXPECT_EQ(facts_of("node_thermal_zone_temp{type=\"acpitz\"} 40\nnode_hwmon_temp_celsius 33\n").temperature_celsius,
            40);
  EXPECT_EQ(facts_of("node_thermal_zone_temp{type=\"acpitz\"} 40\nnode_thermal_zone_temp{type=\"x86_pkg_temp\"} 60\n")
                .temperature_celsius,
            60);
  EXPECT_EQ(
      facts_of("node_thermal_zone_temp{type=\"cpu-thermal\"} NaN\nnode_hwmon_temp_celsius 33\n").temperature_celsius,
      33);
}

TEST(PageFacts, OfAPageThatSaysNothing) {
  const PageFacts facts = facts_of("up 1\nnode_boot_time_seconds +Inf\n");
  EXPECT_EQ(facts.samples, 2U);
  EXPECT_EQ(facts.temperature_celsius, std::nullopt);
  EXPECT_EQ(facts.boot_time_seconds, std::nullopt);
  EXPECT_EQ(facts.model, "");
}

TEST(PageFacts, TheHealthOfAPi) {
  const HealthFacts health = facts_of(
                                 "rpi_throttled{condition=\"under_voltage\"} 1\n"
                                 "rpi_throttled{condition=\"throttled\"} 0\n"
                                 "rpi_throttled{condition=\"soft_temp_limit\"} 1\n"
                                 "rpi_throttled_occurred{condition=\"throttled\"} 1\n"
                                 "rpi_root_readonly 1\n"
                                 "rpi_mmc_info{device=\"mmcblk0\",name=\"SL16G\",type=\"SD\"} 1\n"
                                 "rpi_mmc_life_time_used_ratio{device=\"mmcblk0\"} 0.3\n"
                                 "rpi_mmc_life_time_used_ratio{device=\"mmcblk1\"} 0.1\n"
                                 "rpi_ext4_errors_total{device=\"sda1\"} 2\n"
                                 "rpi_ext4_errors_total{device=\"sda2\"} 3\n"
                                 "rpi_kernel_messages_total{kind=\"mmc_error\"} 7\n"
                                 "rpi_kernel_messages_total{kind=\"oom_kill\"} 9\n"
                                 "rpi_reboot_required 0\n"
                                 "node_filesystem_readonly{device=\"/dev/sda1\",fstype=\"ext4\",mountpoint=\"/\"} 0\n"
                                 "node_memory_MemTotal_bytes 1000\n"
                                 "node_memory_MemAvailable_bytes 250\n"
                                 "node_timex_sync_status 1\n")
                                 .health;
  EXPECT_EQ(health.under_voltage, true);
  EXPECT_EQ(health.throttled, false);
  EXPECT_EQ(health.soft_temperature_limit, true);
  EXPECT_EQ(health.frequency_capped, std::nullopt);
  EXPECT_EQ(health.throttled_occurred, true);
  EXPECT_EQ(health.under_voltage_occurred, std::nullopt);
  EXPECT_EQ(health.root_read_only, true);  // our own agent's word before that of the file system
  EXPECT_EQ(health.mmc_name, "SL16G");
  EXPECT_EQ(health.mmc_life_used_ratio, 0.3);
  EXPECT_EQ(health.ext4_errors, 5);
  EXPECT_EQ(health.mmc_errors, 7);
  EXPECT_EQ(health.reboot_required, false);
  EXPECT_EQ(health.unclean_shutdown, std::nullopt);
  EXPECT_EQ(health.memory_percent, 75);
  EXPECT_EQ(health.clock_synchronised, true);
}

TEST(PageFacts, FileSystems) {
  const HealthFacts health =
      facts_of(
          "node_filesystem_avail_bytes{device=\"/dev/sda1\",fstype=\"ext4\",mountpoint=\"/\"} 300\n"
          "node_filesystem_avail_bytes{device=\"/dev/sdb1\",fstype=\"vfat\",mountpoint=\"/a \\\"b\\\"\"} 1\n"
          "node_filesystem_free_bytes{device=\"/dev/sda1\",fstype=\"ext4\",mountpoint=\"/\"} 400\n"
          "node_filesystem_readonly{device=\"/dev/sda1\",fstype=\"ext4\",mountpoint=\"/\"} 1\n"
          "node_filesystem_size_bytes{device=\"/dev/sda1\",fstype=\"ext4\",mountpoint=\"/\"} 1000\n"
          "node_filesystem_size_bytes{fstype=\"ext4\"} 1000\n")
          .health;
  ASSERT_EQ(health.file_systems.size(), 2U);
  EXPECT_EQ(health.file_systems[0], (FileSystemFacts{"/", "/dev/sda1", "ext4", 1000, 400, 300, true}));
  EXPECT_EQ(health.file_systems[1].mount_point, "/a \"b\"");
  EXPECT_EQ(health.file_systems[1].size_bytes, std::nullopt);
  EXPECT_EQ(health.root_read_only, true);
  EXPECT_EQ(root_disk_percent(health), 66.7);  // 600 used, 300 to be had
  EXPECT_EQ(root_disk_percent(HealthFacts{}), std::nullopt);

  std::string many;
  for (int i = 0; i < 1000; ++i) many += concat("node_filesystem_size_bytes{mountpoint=\"/", i, "\"} 1\n");
  EXPECT_EQ(facts_of(many).health.file_systems.size(), kMostFileSystems);
}

TEST(PageFacts, CpuBetweenTwoPages) {
  const auto cpu = [](const char* idle, const char* user) {
    return facts_of(concat("node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} ", idle,
                           "\nnode_cpu_seconds_total{cpu=\"0\",mode=\"iowait\"} 5\n"
                           "node_cpu_seconds_total{cpu=\"0\",mode=\"user\"} ",
                           user, '\n'))
        .health.cpu;
  };
  EXPECT_EQ(cpu_percent_between(cpu("100", "10"), cpu("107.5", "12.5")), 25);
  EXPECT_EQ(cpu_percent_between(cpu("100", "10"), cpu("1", "2")), std::nullopt);  // it has booted
  EXPECT_EQ(cpu_percent_between(cpu("100", "10"), cpu("100", "10")), std::nullopt);
  EXPECT_EQ(cpu_percent_between(std::nullopt, cpu("100", "10")), std::nullopt);
  EXPECT_EQ(facts_of("node_cpu_guest_seconds_total{cpu=\"0\",mode=\"user\"} 3\n").health.cpu, std::nullopt);
}

TEST(PageFacts, ABadPageNamesItsLine) {
  const auto facts = read_page_facts("a 1\n<html>\n", prom_text::Format::kText);
  ASSERT_FALSE(facts);
  EXPECT_EQ(facts.error().message, "line 2: metric name expected");
}

}  // namespace
}  // namespace piman::manager
