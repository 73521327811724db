// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/softirqs.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kSoftirqs =
    "                    CPU0       CPU1       \n"
    "          HI:          3          0\n"
    "       TIMER:    2776180     247490\n"
    "   HRTIMER:\n"
    "     FUTURE:          1          2\n";

TEST(Softirqs, ByCpuAndKind) {
  TempTree tree({{"proc/softirqs", kSoftirqs}});
  EXPECT_EQ(CollectorHarness("softirqs", tree.path()).page(),
            "node_softirqs_functions_total{cpu=\"0\",type=\"HI\"} 3\n"
            "node_softirqs_functions_total{cpu=\"0\",type=\"TIMER\"} 2.77618e+06\n"
            "node_softirqs_functions_total{cpu=\"1\",type=\"HI\"} 0\n"
            "node_softirqs_functions_total{cpu=\"1\",type=\"TIMER\"} 247490\n");
}

TEST(Softirqs, WhatCannotBeReadIsAnError) {
  EXPECT_THAT(CollectorHarness("softirqs", TempTree().path()).page(), StartsWith("error: reading "));
  TempTree tree({{"proc/softirqs", ""}});
  EXPECT_THAT(CollectorHarness("softirqs", tree.path()).page(), HasSubstr("softirqs: empty"));
  tree.put("proc/softirqs", "CPU0\nHI: -1\n");
  EXPECT_THAT(CollectorHarness("softirqs", tree.path()).page(), HasSubstr("no whole number: \"HI: -1\""));
}

TEST(Softirqs, SurvivesTruncation) { expect_survives_truncation("softirqs", "proc/softirqs", kSoftirqs); }

}  // namespace
}  // namespace piman::agent
