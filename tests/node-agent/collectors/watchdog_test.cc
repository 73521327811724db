// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/watchdog.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Watchdog, TheOneOfAPi) {
  TempTree tree({{"sys/class/watchdog/watchdog0/bootstatus", "32\n"},
                 {"sys/class/watchdog/watchdog0/identity", "Broadcom BCM2835 Watchdog timer\n"},
                 {"sys/class/watchdog/watchdog0/nowayout", "0\n"},
                 {"sys/class/watchdog/watchdog0/options", "0x8180\n"},
                 {"sys/class/watchdog/watchdog0/state", "active\n"},
                 {"sys/class/watchdog/watchdog0/status", "0x8000\n"},
                 {"sys/class/watchdog/watchdog0/timeleft", "13\n"},
                 {"sys/class/watchdog/watchdog0/timeout", "15\n"},
                 {"sys/class/watchdog/watchdog1/", ""}});
  EXPECT_EQ(CollectorHarness("watchdog", tree.path()).page(),
            "node_watchdog_bootstatus{name=\"watchdog0\"} 32\n"
            "node_watchdog_info{identity=\"Broadcom BCM2835 Watchdog timer\",name=\"watchdog0\",options=\"0x8180\","
            "pretimeout_governor=\"\",state=\"active\",status=\"0x8000\"} 1\n"
            "node_watchdog_info{identity=\"\",name=\"watchdog1\",options=\"\",pretimeout_governor=\"\",state=\"\","
            "status=\"\"} 1\n"
            "node_watchdog_nowayout{name=\"watchdog0\"} 0\n"
            "node_watchdog_timeleft_seconds{name=\"watchdog0\"} 13\n"
            "node_watchdog_timeout_seconds{name=\"watchdog0\"} 15\n");
}

TEST(Watchdog, AMachineWithoutOneHasNothingToReport) {
  TempTree tree({{"sys/class/", ""}});
  EXPECT_EQ(CollectorHarness("watchdog", tree.path()).page(), "absent\n");
}

TEST(Watchdog, WhatCannotBeReadNowIsAbsent) {
  TempTree tree({{"sys/class/watchdog/watchdog0/timeleft/", ""}, {"sys/class/watchdog/watchdog0/timeout", "15\n"}});
  EXPECT_THAT(CollectorHarness("watchdog", tree.path()).page(), Not(HasSubstr("timeleft")));
}

TEST(Watchdog, WordsInPlaceOfANumberAreAnError) {
  TempTree tree({{"sys/class/watchdog/watchdog0/timeout", "soon\n"}});
  EXPECT_THAT(CollectorHarness("watchdog", tree.path()).page(), HasSubstr("timeout: no whole number: \"soon\""));
  TempTree file({{"sys/class/watchdog/watchdog0", "a file"}});
  EXPECT_THAT(CollectorHarness("watchdog", file.path()).page(), StartsWith("error: "));
}

TEST(Watchdog, SurvivesTruncation) {
  expect_survives_truncation("watchdog", "sys/class/watchdog/watchdog0/timeout", "15\n");
}

}  // namespace
}  // namespace piman::agent
