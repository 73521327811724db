// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/rpi_clocks.h"

#include "tests/node-agent/collectors/truncation.h"
#include "tests/node-agent/scripted_mailbox.h"

namespace piman::agent {
namespace {

using test::TempTree;
using namespace std::string_literals;

std::shared_ptr<MailboxScript> pi4_firmware() {
  auto script = std::make_shared<MailboxScript>();
  for (const auto& [clock, hertz] :
       {std::pair{3U, 1800404352U}, {4U, 500000992U}, {12U, 99997800U}, {5U, 250000496U}}) {
    script->words_by_first[{MailboxTag::kMeasuredClock, clock}] = hertz;
  }
  for (const auto& [rail, microvolts] : {std::pair{1U, 856200U}, {2U, 1100000U}, {3U, 1100000U}, {4U, 1100000U}}) {
    script->words_by_first[{MailboxTag::kVoltage, rail}] = microvolts;
  }
  script->words_by_first[{MailboxTag::kTemperature, 0}] = 48686;
  script->commands["measure_temp pmic"] = "temp=45.2'C";
  return script;
}

TempTree pi4() {
  return TempTree({{"proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0"s},
                   {"proc/device-tree/system/linux,revision", "\x00\xd0\x31\x14"s}});
}

constexpr std::string_view kPi4Clocks =
    "rpi_clock_hertz{clock=\"arm\"} 1.800404352e+09\nrpi_clock_hertz{clock=\"core\"} 5.00000992e+08\n"
    "rpi_clock_hertz{clock=\"emmc2\"} 9.99978e+07\nrpi_clock_hertz{clock=\"v3d\"} 2.50000496e+08\n";
constexpr std::string_view kPi4Rails =
    "rpi_voltage_volts{rail=\"core\"} 0.8562\nrpi_voltage_volts{rail=\"sdram_c\"} 1.1\n"
    "rpi_voltage_volts{rail=\"sdram_i\"} 1.1\nrpi_voltage_volts{rail=\"sdram_p\"} 1.1\n";

TEST(RpiClocks, Pi4) {
  const TempTree tree = pi4();
  CollectorHarness harness("rpi_clocks", tree.path());
  const auto script = pi4_firmware();
  harness.set_board(scripted_board(harness.paths(), script));
  EXPECT_EQ(harness.page(), concat(kPi4Clocks, kPi4Rails,
                                   "rpi_temperature_celsius{sensor=\"pmic\"} 45.2\n"
                                   "rpi_temperature_celsius{sensor=\"soc\"} 48.686\n"));
  EXPECT_EQ(script->messages, 4);  // one for all clocks, one for all rails, two temperatures
}

TEST(RpiClocks, OlderBoardsHaveNoPmic) {
  TempTree tree({{"proc/device-tree/model", "Raspberry Pi 3 Model B Rev 1.2\0"s},
                 {"proc/device-tree/system/linux,revision", "\x00\xa0\x20\x82"s}});
  CollectorHarness harness("rpi_clocks", tree.path());
  harness.set_board(scripted_board(harness.paths(), pi4_firmware()));
  EXPECT_EQ(harness.page(), concat(kPi4Clocks, kPi4Rails, "rpi_temperature_celsius{sensor=\"soc\"} 48.686\n"));
}

TEST(RpiClocks, FirmwareThatKnowsOnlyThePart) {
  const TempTree tree = pi4();
  CollectorHarness harness("rpi_clocks", tree.path());
  const auto script = std::make_shared<MailboxScript>();
  script->words_by_first[{MailboxTag::kTemperature, 0}] = 48686;
  harness.set_board(scripted_board(harness.paths(), script));
  EXPECT_EQ(harness.page(), "rpi_temperature_celsius{sensor=\"soc\"} 48.686\n");
}

TEST(RpiClocks, AbsentAndErrors) {
  TempTree other;
  EXPECT_EQ(CollectorHarness("rpi_clocks", other.path()).page(), "absent\n");
  const TempTree tree = pi4();
  EXPECT_EQ(CollectorHarness("rpi_clocks", tree.path()).page(), "absent\n");
  CollectorHarness harness("rpi_clocks", tree.path());
  const auto script = std::make_shared<MailboxScript>();
  script->error = "opening /dev/vcio: Permission denied";
  harness.set_board(scripted_board(harness.paths(), script));
  EXPECT_EQ(harness.page(), "error: opening /dev/vcio: Permission denied\n");
}

TEST(RpiClocks, MeasuredTemperature) {
  EXPECT_EQ(parse_measured_temperature("temp=48.3'C"), 48.3);
  EXPECT_EQ(parse_measured_temperature("temp=-5.0'C\n"), -5);
  for (const char* text : {"", "temp=", "temp='C", "temp=48.3", "48.3'C", "temp=48,3'C", "temp=nan'C", "temp=inf'C",
                           "temp=1e9'C", "error=1 error_msg=\"Command not registered\""}) {
    EXPECT_FALSE(parse_measured_temperature(text)) << text;
  }
}

}  // namespace
}  // namespace piman::agent
