// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/powersupplyclass.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Powersupplyclass, ABatteryAndAnAdapter) {
  TempTree tree({{"sys/class/power_supply/AC/online", "0\n"},
                 {"sys/class/power_supply/AC/type", "Mains\n"},
                 {"sys/class/power_supply/BAT0/capacity", "81\n"},
                 {"sys/class/power_supply/BAT0/cycle_count", "7\n"},
                 {"sys/class/power_supply/BAT0/energy_now", "36580000\n"},
                 {"sys/class/power_supply/BAT0/temp", "-15\n"},
                 {"sys/class/power_supply/BAT0/voltage_now", "12229000\n"},
                 {"sys/class/power_supply/BAT0/manufacturer", "LGC\n"},
                 {"sys/class/power_supply/BAT0/model_name", "LNV-45N1\x8E\x8F\n"},
                 {"sys/class/power_supply/BAT0/uevent", "POWER_SUPPLY_NAME=BAT0\n"},
                 {"sys/class/power_supply/BAT0/type", "Battery\n"}});
  EXPECT_EQ(CollectorHarness("powersupplyclass", tree.path()).page(),
            "node_power_supply_capacity{power_supply=\"BAT0\"} 81\n"
            "node_power_supply_cyclecount{power_supply=\"BAT0\"} 7\n"
            "node_power_supply_energy_watthour{power_supply=\"BAT0\"} 36.58\n"
            "node_power_supply_info{power_supply=\"AC\",type=\"Mains\"} 1\n"
            "node_power_supply_info{manufacturer=\"LGC\",model_name=\"LNV-45N1\xEF\xBF\xBD\",power_supply=\"BAT0\","
            "type=\"Battery\"} 1\n"
            "node_power_supply_online{power_supply=\"AC\"} 0\n"
            "node_power_supply_temp_celsius{power_supply=\"BAT0\"} -1.5\n"
            "node_power_supply_voltage_volt{power_supply=\"BAT0\"} 12.229\n");
}

TEST(Powersupplyclass, SuppliesAreLeftOutByName) {
  TempTree tree({{"sys/class/power_supply/AC/online", "1\n"}, {"sys/class/power_supply/hidpp_0/online", "1\n"}});
  CollectorHarness harness("powersupplyclass", tree.path());
  harness.set_option("powersupply.ignored-supplies", "^hidpp");
  EXPECT_THAT(harness.page(), HasSubstr("\"AC\""));
  EXPECT_THAT(harness.page(), Not(HasSubstr("hidpp")));
}

TEST(Powersupplyclass, AttributesThatCannotBeReadNowAreAbsent) {
  TempTree tree({{"sys/class/power_supply/AC/online/", ""}, {"sys/class/power_supply/AC/type", "Mains\n"}});
  EXPECT_EQ(CollectorHarness("powersupplyclass", tree.path()).page(),
            "node_power_supply_info{power_supply=\"AC\",type=\"Mains\"} 1\n");
}

TEST(Powersupplyclass, WordsInPlaceOfANumberAreAnError) {
  TempTree tree({{"sys/class/power_supply/AC/online", "yes\n"}});
  EXPECT_THAT(CollectorHarness("powersupplyclass", tree.path()).page(),
              HasSubstr("AC/online: no whole number: \"yes\""));
}

TEST(Powersupplyclass, AMachineWithoutTheClassHasNothingToReport) {
  TempTree tree({{"sys/class/", ""}});
  EXPECT_EQ(CollectorHarness("powersupplyclass", tree.path()).page(), "absent\n");
}

TEST(Powersupplyclass, SurvivesTruncation) {
  expect_survives_truncation("powersupplyclass", "sys/class/power_supply/BAT0/capacity", "81\n");
  expect_survives_truncation("powersupplyclass", "sys/class/power_supply/BAT0/model_name", "\xF0\x9F\x94\x8B \"x\n");
}

}  // namespace
}  // namespace piman::agent
