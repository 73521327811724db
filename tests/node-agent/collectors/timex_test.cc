// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/timex.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Timex, BaseUnits) {
  ::timex reading{};
  reading.offset = -2500;
  reading.freq = 65536 * 10;  // 10 parts per million
  reading.maxerror = 16000000;
  reading.esterror = 250;
  reading.tick = 10000;
  reading.jitter = 4000;
  const ClockState clock = to_clock_state(reading, TIME_OK);
  EXPECT_TRUE(clock.synchronized);
  EXPECT_DOUBLE_EQ(clock.offset_seconds, -0.0025);
  EXPECT_DOUBLE_EQ(clock.frequency_ratio, 1.00001);
  EXPECT_DOUBLE_EQ(clock.most_error_seconds, 16);
  EXPECT_DOUBLE_EQ(clock.estimated_error_seconds, 0.00025);
  EXPECT_DOUBLE_EQ(clock.tick_seconds, 0.01);
  EXPECT_DOUBLE_EQ(clock.pps_jitter_seconds, 0.004);
  reading.status = STA_NANO;
  const ClockState fine = to_clock_state(reading, TIME_ERROR);
  EXPECT_FALSE(fine.synchronized);
  EXPECT_DOUBLE_EQ(fine.offset_seconds, -2.5e-06);
  EXPECT_DOUBLE_EQ(fine.pps_jitter_seconds, 4e-06);
}

TEST(Timex, AskedOfThisKernel) {
  TempTree tree;
  const std::string page = CollectorHarness("timex", tree.path()).page();
  if (page == "absent\n") GTEST_SKIP() << "adjtimex is forbidden here";
  EXPECT_THAT(page, StartsWith("node_timex_estimated_error_seconds "));
  EXPECT_THAT(page, HasSubstr("\nnode_timex_sync_status "));
  EXPECT_THAT(page, HasSubstr("\nnode_timex_tick_seconds 0.01\n"));
}

}  // namespace
}  // namespace piman::agent
