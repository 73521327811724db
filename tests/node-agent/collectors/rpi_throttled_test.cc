// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/rpi_throttled.h"

#include "tests/node-agent/collectors/truncation.h"
#include "tests/node-agent/scripted_mailbox.h"

namespace piman::agent {
namespace {

using test::TempTree;

constexpr auto kPi = "Raspberry Pi 3 Model B Plus Rev 1.3";

TEST(RpiThrottled, ByMailbox) {
  TempTree tree({{"proc/device-tree/model", kPi}});
  CollectorHarness harness("rpi_throttled", tree.path());
  const auto script = std::make_shared<MailboxScript>();
  script->words[MailboxTag::kThrottled] = {0};
  script->commands["get_throttled"] = "throttled=0x50000";
  harness.set_board(scripted_board(harness.paths(), script));
  EXPECT_EQ(harness.page(),
            "rpi_throttled{condition=\"frequency_capped\"} 0\n"
            "rpi_throttled{condition=\"soft_temp_limit\"} 0\n"
            "rpi_throttled{condition=\"throttled\"} 0\n"
            "rpi_throttled{condition=\"under_voltage\"} 0\n"
            "rpi_throttled_events_total{condition=\"frequency_capped\"} 0\n"
            "rpi_throttled_events_total{condition=\"soft_temp_limit\"} 0\n"
            "rpi_throttled_events_total{condition=\"throttled\"} 0\n"
            "rpi_throttled_events_total{condition=\"under_voltage\"} 0\n"
            "rpi_throttled_occurred{condition=\"frequency_capped\"} 0\n"
            "rpi_throttled_occurred{condition=\"soft_temp_limit\"} 0\n"
            "rpi_throttled_occurred{condition=\"throttled\"} 1\n"
            "rpi_throttled_occurred{condition=\"under_voltage\"} 1\n");
  script->words[MailboxTag::kThrottled] = {0x50005};
  const std::string page = harness.page();
  EXPECT_THAT(page, testing::HasSubstr("rpi_throttled{condition=\"under_voltage\"} 1\n"));
  EXPECT_THAT(page, testing::HasSubstr("rpi_throttled_events_total{condition=\"under_voltage\"} 1\n"));
  EXPECT_THAT(page, testing::HasSubstr("rpi_throttled_events_total{condition=\"throttled\"} 1\n"));
}

TEST(RpiThrottled, ByAlarm) {
  TempTree tree({{"proc/device-tree/model", kPi},
                 {"sys/class/hwmon/hwmon1/name", "rpi_volt\n"},
                 {"sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n"}});
  EXPECT_EQ(
      CollectorHarness("rpi_throttled", tree.path()).page(),
      "rpi_throttled{condition=\"under_voltage\"} 1\nrpi_throttled_events_total{condition=\"under_voltage\"} 0\n");
}

TEST(RpiThrottled, NeverThroughSysfs) {
  TempTree tree({{"proc/device-tree/model", kPi}, {"sys/devices/platform/soc/soc:firmware/get_throttled", "50005\n"}});
  EXPECT_EQ(CollectorHarness("rpi_throttled", tree.path()).page(), "absent\n");
}

TEST(RpiThrottled, OtherMachines) {
  TempTree tree({{"sys/class/hwmon/hwmon1/name", "rpi_volt\n"}, {"sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n"}});
  EXPECT_EQ(CollectorHarness("rpi_throttled", tree.path()).page(), "absent\n");
}

TEST(RpiThrottled, NotPermitted) {
  TempTree tree({{"proc/device-tree/model", kPi}});
  CollectorHarness harness("rpi_throttled", tree.path());
  const auto script = std::make_shared<MailboxScript>();
  script->error = "opening /dev/vcio: Permission denied";
  harness.set_board(scripted_board(harness.paths(), script));
  EXPECT_EQ(harness.page(), "error: opening /dev/vcio: Permission denied\n");
}

TEST(RpiThrottled, TheFirmwaresWords) {
  EXPECT_EQ(parse_throttled("throttled=0x0"), 0U);
  EXPECT_EQ(parse_throttled("throttled=0x50005\n"), 0x50005U);
  for (const char* text : {"", "throttled=", "throttled=0x", "throttled=5", "throttled=0x1ffffffff", "throttled=0xg",
                           "error=1 error_msg=\"Command not registered\""}) {
    EXPECT_FALSE(parse_throttled(text)) << text;
  }
}

}  // namespace
}  // namespace piman::agent
