// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/hwmon_names.h"

#include <gtest/gtest.h>

#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Type;

std::string parts_of(std::string_view name) {
  const auto parsed = parse_hwmon_file_name(name);
  return parsed ? concat(parsed->type, '/', parsed->number, '/', parsed->property) : "none";
}

TEST(HwmonFileName, Parts) {
  EXPECT_EQ(parts_of("temp1_input"), "temp/1/input");
  EXPECT_EQ(parts_of("temp12_crit_alarm"), "temp/12/crit_alarm");
  EXPECT_EQ(parts_of("in0_lcrit_alarm"), "in/0/lcrit_alarm");
  EXPECT_EQ(parts_of("pwm1"), "pwm/1/");
  EXPECT_EQ(parts_of("temp"), "temp/0/");
  EXPECT_EQ(parts_of("update_interval"), "update_interval/0/");
  EXPECT_EQ(parts_of("pwm1_auto_point1_pwm"), "pwm/1/auto_point1_pwm");
  for (const char* other : {"", "name", "uevent", "1temp", "temp1_", "temp1x", "temp_input", "temp99999999999_input",
                            "tempo1_input", "_input"}) {
    EXPECT_EQ(parts_of(other), "none") << other;
  }
}

TEST(HwmonCleanName, OnlyWhatAMetricMayHave) {
  EXPECT_EQ(clean_hwmon_name("coretemp.0"), "coretemp_0");
  EXPECT_EQ(clean_hwmon_name("0000:01:00.0"), "0000:01:00_0");
  EXPECT_EQ(clean_hwmon_name("__CPU Thermal__"), "cpu_thermal");
  EXPECT_EQ(clean_hwmon_name("a\xC3\xA4"
                             "b"),
            "a_b");
  EXPECT_EQ(clean_hwmon_name("---"), "");
  EXPECT_EQ(clean_hwmon_name(""), "");
}

struct Case {
  const char* file;
  const char* name;
  double raw, value;
};

TEST(HwmonMetric, NamesAndUnits) {
  for (const Case& expected : {Case{"temp1_input", "node_hwmon_temp_celsius", 48312, 48.312},
                               Case{"temp1_crit_alarm", "node_hwmon_temp_crit_alarm_celsius", 1, 0.001},
                               Case{"temp1_alarm", "node_hwmon_temp_alarm", 1, 1},
                               Case{"temp1_fault", "node_hwmon_temp_fault", 1, 1},
                               Case{"temp1_type", "node_hwmon_temp_type", 4, 4},
                               Case{"in0_lcrit_alarm", "node_hwmon_in_lcrit_alarm_volts", 1, 0.001},
                               Case{"in1_input", "node_hwmon_in_volts", 1024, 1.024},
                               Case{"in1_beep", "node_hwmon_in_beep_enabled", 1, 1},
                               Case{"cpu0_vid", "node_hwmon_cpu_vid_volts", 1200, 1.2},
                               Case{"curr1_input", "node_hwmon_curr_amps", 250, 0.25},
                               Case{"energy1_input", "node_hwmon_energy_joule_total", 5e6, 5},
                               Case{"power1_average", "node_hwmon_power_average_watt", 15e6, 15},
                               Case{"power1_accuracy", "node_hwmon_power_accuracy", 5e5, 0.5},
                               Case{"power1_average_interval", "node_hwmon_power_average_interval_seconds", 300, 0.3},
                               Case{"humidity1_input", "node_hwmon_humidity", 410000, 0.41},
                               Case{"fan1_input", "node_hwmon_fan_rpm", 2500, 2500},
                               Case{"fan1_target", "node_hwmon_fan_target_rpm", 2500, 2500},
                               Case{"fan1_pulses", "node_hwmon_fan_pulses", 2, 2},
                               Case{"pwm1", "node_hwmon_pwm", 128, 128},
                               Case{"pwm1_enable", "node_hwmon_pwm_enable", 1, 1},
                               Case{"intrusion0_alarm", "node_hwmon_intrusion_alarm", 1, 1},
                               Case{"beep_enable", "node_hwmon_beep_enabled", 2, 0},
                               Case{"vrm", "node_hwmon_voltage_regulator_version", 91, 91},
                               Case{"update_interval", "node_hwmon_update_interval_seconds", 1500, 1.5}}) {
    const auto file = parse_hwmon_file_name(expected.file);
    ASSERT_TRUE(file) << expected.file;
    const auto metric = hwmon_metric(*file, false);
    ASSERT_TRUE(metric) << expected.file;
    EXPECT_EQ(metric->name, expected.name);
    EXPECT_EQ(scale_hwmon_value(expected.raw, metric->unit), expected.value) << expected.file;
    EXPECT_EQ(metric->type, metric->name == "node_hwmon_energy_joule_total" ? Type::kCounter : Type::kGauge);
  }
}

TEST(HwmonMetric, ABareFileOwnsTheShortName) {
  EXPECT_EQ(hwmon_metric({"pwm", 1, "input"}, true)->name, "node_hwmon_pwm_input");
  EXPECT_EQ(hwmon_metric({"pwm", 1, ""}, true)->name, "node_hwmon_pwm");
}

TEST(HwmonMetric, LabelsAreNoValues) {
  EXPECT_FALSE(hwmon_metric({"temp", 1, "label"}, false));
  EXPECT_FALSE(hwmon_metric({"vrm", 0, "input"}, false));
}

}  // namespace
}  // namespace piman::agent
