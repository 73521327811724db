// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/schedstat.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kSchedstat =
    "version 15\n"
    "timestamp 15819019232\n"
    "cpu0 498494191 0 3533438552 2553969831 3853684107 2465731542 2045936778163039 343796328169361 4767485306\n"
    "domain0 00000000,00000003 212499247 210112015 1861015\n"
    "cpu11 1 0 3 4 5 6 7500000000 500000000 9\n";

TEST(Schedstat, TimesOfEachCpu) {
  TempTree tree({{"proc/schedstat", kSchedstat}});
  EXPECT_EQ(CollectorHarness("schedstat", tree.path()).page(),
            "node_schedstat_running_seconds_total{cpu=\"0\"} 2.045936778163039e+06\n"
            "node_schedstat_running_seconds_total{cpu=\"11\"} 7.5\n"
            "node_schedstat_timeslices_total{cpu=\"0\"} 4.767485306e+09\n"
            "node_schedstat_timeslices_total{cpu=\"11\"} 9\n"
            "node_schedstat_waiting_seconds_total{cpu=\"0\"} 343796.328169361\n"
            "node_schedstat_waiting_seconds_total{cpu=\"11\"} 0.5\n");
}

TEST(Schedstat, AKernelWithoutItHasNothingToReport) {
  TempTree tree({{"proc/stat", ""}});
  EXPECT_EQ(CollectorHarness("schedstat", tree.path()).page(), "absent\n");
}

TEST(Schedstat, AnUnreadableFileIsAnError) {
  TempTree tree({{"proc/schedstat/", ""}});
  EXPECT_THAT(CollectorHarness("schedstat", tree.path()).page(), StartsWith("error: reading "));
}

TEST(Schedstat, OtherLinesArePassedOver) {
  for (const std::string_view line :
       {"", "cpu", "cpux 1 2 3 4 5 6 7 8 9", "cpu0 1 2 3 4 5 6 7 8", "cpu0 1 2 3 4 5 6 7 8 x"}) {
    EXPECT_FALSE(parse_schedstat_line(line)) << line;
  }
}

TEST(Schedstat, SurvivesTruncation) { expect_survives_truncation("schedstat", "proc/schedstat", kSchedstat); }

}  // namespace
}  // namespace piman::agent
