// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/rpi_power.h"

#include <array>

#include "tests/node-agent/collectors/truncation.h"
#include "tests/node-agent/scripted_mailbox.h"

namespace piman::agent {
namespace {

using test::TempTree;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using namespace std::string_literals;

/// With the maker's 27 W supply: 5 V 5 A, 9 V 3 A, 12 V 2.25 A, 15 V 1.8 A; three places not filled.
const std::string kOffers =
    "\x08\x01\x91\xf4"
    "\x00\x02\xd1\x2c"
    "\x00\x03\xc0\xe1"
    "\x00\x04\xb0\xb4"
    "\0\0\0\0\0\0\0\0\0\0\0\0"s;

TempTree pi5() {
  return TempTree({{"proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0\0"s},
                   {"proc/device-tree/system/linux,revision", "\x00\xd0\x41\x70"s},
                   {"proc/device-tree/chosen/power/max_current", "\0\0\x13\x88"s},
                   {"proc/device-tree/chosen/power/usb_max_current_enable", "\0\0\0\1"s},
                   {"proc/device-tree/chosen/power/usb_over_current_detected", "\0\0\0\0"s},
                   {"proc/device-tree/chosen/power/usbpd_power_data_objects", kOffers},
                   {"sys/class/hwmon/hwmon0/name", "cpu_thermal\n"},
                   {"sys/class/hwmon/hwmon2/name", "pwmfan\n"},
                   {"sys/class/hwmon/hwmon2/fan1_input", "2471\n"},
                   {"sys/class/rtc/rtc0/battery_voltage", "3018000\n"}});
}

constexpr std::string_view kPi5Fan = "rpi_fan_speed_rpm 2471\n";
constexpr std::string_view kPi5Supply =
    "rpi_power_supply_max_current_amperes 5\n"
    "rpi_power_supply_offer_amperes{volts=\"5\"} 5\nrpi_power_supply_offer_amperes{volts=\"9\"} 3\n"
    "rpi_power_supply_offer_amperes{volts=\"12\"} 2.25\nrpi_power_supply_offer_amperes{volts=\"15\"} 1.8\n"
    "rpi_rtc_battery_volts 3.018\nrpi_usb_high_current_enabled 1\nrpi_usb_over_current_at_boot 0\n";

TEST(RpiPower, Pi5) {
  const TempTree tree = pi5();
  EXPECT_EQ(CollectorHarness("rpi_power", tree.path()).page(), concat(kPi5Fan, kPi5Supply));
}

TEST(RpiPower, Pi5WithItsPowerChip) {
  const TempTree tree = pi5();
  CollectorHarness harness("rpi_power", tree.path());
  const auto script = std::make_shared<MailboxScript>();
  script->commands["pmic_read_adc"] =
      "              VDD_CORE_A current(7)=0.94657990A\n             3V3_SYS_V volt(9)=3.29982600V\n"
      "              VDD_CORE_V volt(15)=0.72097620V\n               EXT5V_V volt(24)=5.11478000V\n";
  harness.set_board(scripted_board(harness.paths(), script));
  EXPECT_EQ(harness.page(), concat(kPi5Fan,
                                   "rpi_pmic_amperes{rail=\"VDD_CORE\"} 0.9465799\n"
                                   "rpi_pmic_volts{rail=\"3V3_SYS\"} 3.299826\n"
                                   "rpi_pmic_volts{rail=\"EXT5V\"} 5.11478\n"
                                   "rpi_pmic_volts{rail=\"VDD_CORE\"} 0.7209762\n",
                                   kPi5Supply));
}

TEST(RpiPower, TheFanMayTakeAnotherNumber) {
  const TempTree tree = pi5();
  CollectorHarness harness("rpi_power", tree.path());
  EXPECT_THAT(harness.page(), testing::StartsWith(kPi5Fan));
  tree.remove("sys/class/hwmon/hwmon2");
  tree.put("sys/class/hwmon/hwmon3/name", "pwmfan\n");
  tree.put("sys/class/hwmon/hwmon3/fan1_input", "0\n");
  harness.page();
  EXPECT_THAT(harness.page(), testing::StartsWith("rpi_"));
}

TEST(RpiPower, PoeHat) {
  TempTree tree({{"proc/device-tree/model", "Raspberry Pi 3 Model B Plus Rev 1.3\0"s},
                 {"sys/class/power_supply/rpi-poe/current_now", "610000\n"},
                 {"sys/class/power_supply/rpi-poe/current_max", "2500000\n"}});
  EXPECT_EQ(CollectorHarness("rpi_power", tree.path()).page(),
            "rpi_poe_current_amperes 0.61\nrpi_poe_max_current_amperes 2.5\n");
}

TEST(RpiPower, Absent) {
  TempTree pi3({{"proc/device-tree/model", "Raspberry Pi 3 Model B Rev 1.2\0"s},
                {"proc/device-tree/chosen/power/max_current", "\0\0\0\0"s}});
  EXPECT_EQ(CollectorHarness("rpi_power", pi3.path()).page(), "absent\n");
  TempTree other({{"sys/class/rtc/rtc0/battery_voltage", "3018000\n"}});
  EXPECT_EQ(CollectorHarness("rpi_power", other.path()).page(), "absent\n");
}

TEST(RpiPower, SupplyOffers) {
  constexpr std::array<std::uint32_t, 4> kObjects = {0x080191f4, 0, 0xc0000000, 0x0002d12c};
  EXPECT_THAT(parse_supply_offers(kObjects), ElementsAre(Pair(5.0, 5.0), Pair(9.0, 3.0)));
  EXPECT_THAT(parse_supply_offers({}), IsEmpty());
}

TEST(RpiPower, PmicReadings) {
  const auto current = parse_pmic_reading("   3V3_DAC_A current(17)=0.00146520A");
  ASSERT_TRUE(current);
  EXPECT_EQ(current->rail, "3V3_DAC");
  EXPECT_TRUE(current->is_current);
  EXPECT_EQ(current->value, 0.0014652);
  EXPECT_FALSE(parse_pmic_reading("BATT_V volt(25)=0.01880340V")->is_current);
  for (const char* line : {"", "_A current(1)=1A", "X_A current(1)=1V", "X_V volt(1)=V", "X_V volt(1)=", "X_V",
                           "X_V volt", "X_W watt(1)=1W", "X_V volt(1)=nanV", "X_V volt(1)=1e9V", "error=1"}) {
    EXPECT_FALSE(parse_pmic_reading(line)) << line;
  }
}

TEST(RpiPower, Truncated) {
  for (const char* name : {"max_current", "usbpd_power_data_objects"}) {
    for (std::size_t length = 0; length <= kOffers.size(); ++length) {
      const TempTree tree = pi5();
      tree.put(concat("proc/device-tree/chosen/power/", name), kOffers.substr(0, length));
      EXPECT_THAT(CollectorHarness("rpi_power", tree.path()).page(), testing::StartsWith(kPi5Fan));
    }
  }
}

}  // namespace
}  // namespace piman::agent
