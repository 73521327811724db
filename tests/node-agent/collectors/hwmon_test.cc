// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/hwmon.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::link;
using test::TempTree;
using testing::HasSubstr;
using testing::Not;

/// As on a Pi 4: the thermal zone's monitor, and the one that watches the supply.
const std::initializer_list<TempTree::Entry> kPi4 = {
    {"sys/devices/virtual/thermal/thermal_zone0/temp", "48312\n"},
    {"sys/devices/virtual/thermal/thermal_zone0/type", "cpu-thermal\n"},
    {"sys/devices/virtual/thermal/thermal_zone0/hwmon0/name", "cpu_thermal\n"},
    {"sys/devices/virtual/thermal/thermal_zone0/hwmon0/temp1_input", "48312\n"},
    {"sys/devices/virtual/thermal/thermal_zone0/hwmon0/temp1_crit", "110000\n"},
    {"sys/devices/virtual/thermal/thermal_zone0/hwmon0/device", link("../../thermal_zone0")},
    {"sys/devices/platform/soc/soc:firmware/raspberrypi-hwmon/hwmon/hwmon1/name", "rpi_volt\n"},
    {"sys/devices/platform/soc/soc:firmware/raspberrypi-hwmon/hwmon/hwmon1/in0_lcrit_alarm", "0\n"},
    {"sys/devices/platform/soc/soc:firmware/raspberrypi-hwmon/hwmon/hwmon1/power/", ""},
    {"sys/devices/platform/soc/soc:firmware/raspberrypi-hwmon/hwmon/hwmon1/device", link("../../../raspberrypi-hwmon")},
    {"sys/class/hwmon/hwmon0", link("../../devices/virtual/thermal/thermal_zone0/hwmon0")},
    {"sys/class/hwmon/hwmon1", link("../../devices/platform/soc/soc:firmware/raspberrypi-hwmon/hwmon/hwmon1")}};

TEST(Hwmon, Pi4) {
  TempTree tree(kPi4);
  EXPECT_EQ(CollectorHarness("hwmon", tree.path()).page(),
            "node_hwmon_chip_names{chip=\"thermal_thermal_zone0\",chip_name=\"cpu_thermal\"} 1\n"
            "node_hwmon_chip_names{chip=\"soc:firmware_raspberrypi_hwmon\",chip_name=\"rpi_volt\"} 1\n"
            "node_hwmon_in_lcrit_alarm_volts{chip=\"soc:firmware_raspberrypi_hwmon\",sensor=\"in0\"} 0\n"
            "node_hwmon_temp_celsius{chip=\"thermal_thermal_zone0\",sensor=\"temp0\"} 48.312\n"
            "node_hwmon_temp_celsius{chip=\"thermal_thermal_zone0\",sensor=\"temp1\"} 48.312\n"
            "node_hwmon_temp_crit_celsius{chip=\"thermal_thermal_zone0\",sensor=\"temp1\"} 110\n");
}

TEST(Hwmon, LabelsAndChipsWithoutADevice) {
  TempTree tree({{"sys/class/hwmon/hwmon2/name", "nct6779\n"},
                 {"sys/class/hwmon/hwmon2/fan1_input", "1098\n"},
                 {"sys/class/hwmon/hwmon2/fan1_label", "Left side  \n"},
                 {"sys/class/hwmon/hwmon2/beep_enable", "1\n"},
                 {"sys/class/hwmon/hwmon3/temp1_input", "-5500\n"}});
  EXPECT_EQ(CollectorHarness("hwmon", tree.path()).page(),
            "node_hwmon_chip_names{chip=\"nct6779\",chip_name=\"nct6779\"} 1\n"
            "node_hwmon_sensor_label{chip=\"nct6779\",label=\"Left side  \",sensor=\"fan1\"} 1\n"
            "node_hwmon_beep_enabled{chip=\"nct6779\",sensor=\"beep_enable0\"} 1\n"
            "node_hwmon_fan_rpm{chip=\"nct6779\",sensor=\"fan1\"} 1098\n"
            "node_hwmon_temp_celsius{chip=\"hwmon3\",sensor=\"temp1\"} -5.5\n");
}

TEST(Hwmon, ValuesAreReadAnewAndChipsComeAndGo) {
  TempTree tree({{"sys/class/hwmon/hwmon0/name", "a\n"}, {"sys/class/hwmon/hwmon0/temp1_input", "1000\n"}});
  CollectorHarness harness("hwmon", tree.path());
  EXPECT_THAT(harness.page(), HasSubstr("node_hwmon_temp_celsius{chip=\"a\",sensor=\"temp1\"} 1\n"));
  tree.put("sys/class/hwmon/hwmon0/temp1_input", "2000\n");
  tree.put("sys/class/hwmon/hwmon1/name", "b\n");
  tree.put("sys/class/hwmon/hwmon1/temp1_input", "3000\n");
  EXPECT_THAT(harness.page(), HasSubstr("node_hwmon_temp_celsius{chip=\"a\",sensor=\"temp1\"} 2\n"
                                        "node_hwmon_temp_celsius{chip=\"b\",sensor=\"temp1\"} 3\n"));
  tree.remove("sys/class/hwmon/hwmon0");
  EXPECT_THAT(harness.page(), Not(HasSubstr("chip=\"a\"")));
}

TEST(Hwmon, ASensorThatSleepsIsAbsentNotZero) {
  TempTree tree({{"sys/class/hwmon/hwmon0/name", "a\n"}, {"sys/class/hwmon/hwmon0/temp1_input", "N/A\n"}});
  CollectorHarness harness("hwmon", tree.path());
  EXPECT_EQ(harness.page(), "node_hwmon_chip_names{chip=\"a\",chip_name=\"a\"} 1\n");
  tree.put("sys/class/hwmon/hwmon0/temp1_input", "1000\n");
  EXPECT_THAT(harness.page(), HasSubstr("sensor=\"temp1\"} 1\n"));
}

TEST(Hwmon, TwoMonitorsOfOneDeviceDoNotRepeatALabelSet) {
  TempTree tree({{"sys/devices/platform/x/hwmon/hwmon0/temp1_input", "1000\n"},
                 {"sys/devices/platform/x/hwmon/hwmon0/device", link("../../../x")},
                 {"sys/devices/platform/x/hwmon/hwmon1/temp1_input", "2000\n"},
                 {"sys/devices/platform/x/hwmon/hwmon1/device", link("../../../x")},
                 {"sys/class/hwmon/hwmon0", link("../../devices/platform/x/hwmon/hwmon0")},
                 {"sys/class/hwmon/hwmon1", link("../../devices/platform/x/hwmon/hwmon1")}});
  EXPECT_EQ(CollectorHarness("hwmon", tree.path()).page(),
            "node_hwmon_temp_celsius{chip=\"platform_x\",sensor=\"temp1\"} 1\n");
}

TEST(Hwmon, MoreSensorsThanFilesAreKeptOpen) {
  TempTree tree({{"sys/class/hwmon/hwmon0/name", "a\n"}});
  for (int i = 1; i <= 300; ++i) tree.put(concat("sys/class/hwmon/hwmon0/temp", i, "_input"), "1000\n");
  CollectorHarness harness("hwmon", tree.path());
  const std::string page = harness.page();
  EXPECT_EQ(std::count(page.begin(), page.end(), '\n'), 301);
  EXPECT_EQ(harness.page(), page);
}

TEST(Hwmon, Absent) {
  TempTree tree({{"sys/class/", ""}});
  EXPECT_EQ(CollectorHarness("hwmon", tree.path()).page(), "absent\n");
  tree.put("sys/class/hwmon", "no directory");
  EXPECT_THAT(CollectorHarness("hwmon", tree.path()).page(), HasSubstr("error: reading "));
}

TEST(Hwmon, SurvivesTruncation) {
  expect_survives_truncation("hwmon", "sys/class/hwmon/hwmon0/temp1_input", "48312\n");
  expect_survives_truncation("hwmon", "sys/class/hwmon/hwmon0/temp1_label", "\xE2\x9A\x99 core \"0\"\n");
  expect_survives_truncation("hwmon", "sys/class/hwmon/hwmon0/name", "cpu\xFFthermal\n");
}

}  // namespace
}  // namespace piman::agent
