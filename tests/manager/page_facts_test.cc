// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/page_facts.h"

#include <gtest/gtest.h>

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

TEST(PageFacts, ABadPageNamesItsLine) {
  const auto facts = read_page_facts("a 1\n<html>\n", prom_text::Format::kText);
  ASSERT_FALSE(facts);
  EXPECT_EQ(facts.error().message, "line 2: metric name expected");
}

}  // namespace
}  // namespace piman::manager
