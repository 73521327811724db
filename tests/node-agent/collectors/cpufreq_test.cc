// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/cpufreq.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::link;
using test::TempTree;
using testing::HasSubstr;
using testing::Not;

TEST(Cpufreq, CpusOfAPolicyShareItsClock) {
  TempTree tree({{"sys/devices/system/cpu/online", "0-1\n"},
                 {"sys/devices/system/cpu/cpufreq/policy0/cpuinfo_cur_freq", "1500000\n"},
                 {"sys/devices/system/cpu/cpufreq/policy0/cpuinfo_max_freq", "1800000\n"},
                 {"sys/devices/system/cpu/cpufreq/policy0/cpuinfo_min_freq", "600000\n"},
                 {"sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq", "1500000\n"},
                 {"sys/devices/system/cpu/cpufreq/policy0/scaling_max_freq", "1700000\n"},
                 {"sys/devices/system/cpu/cpufreq/policy0/scaling_min_freq", "700000\n"},
                 {"sys/devices/system/cpu/cpu0/cpufreq", link("../cpufreq/policy0")},
                 {"sys/devices/system/cpu/cpu1/cpufreq", link("../cpufreq/policy0")}});
  CollectorHarness harness("cpufreq", tree.path());
  EXPECT_EQ(harness.page(),
            "node_cpu_frequency_hertz{cpu=\"0\"} 1.5e+09\n"
            "node_cpu_frequency_hertz{cpu=\"1\"} 1.5e+09\n"
            "node_cpu_frequency_max_hertz{cpu=\"0\"} 1.8e+09\n"
            "node_cpu_frequency_max_hertz{cpu=\"1\"} 1.8e+09\n"
            "node_cpu_frequency_min_hertz{cpu=\"0\"} 6e+08\n"
            "node_cpu_frequency_min_hertz{cpu=\"1\"} 6e+08\n"
            "node_cpu_scaling_frequency_hertz{cpu=\"0\"} 1.5e+09\n"
            "node_cpu_scaling_frequency_hertz{cpu=\"1\"} 1.5e+09\n"
            "node_cpu_scaling_frequency_max_hertz{cpu=\"0\"} 1.7e+09\n"
            "node_cpu_scaling_frequency_max_hertz{cpu=\"1\"} 1.7e+09\n"
            "node_cpu_scaling_frequency_min_hertz{cpu=\"0\"} 7e+08\n"
            "node_cpu_scaling_frequency_min_hertz{cpu=\"1\"} 7e+08\n");
  // A CPU that goes takes its link with it, and one that goes first does not take the policy's values along.
  tree.remove("sys/devices/system/cpu/cpu0/cpufreq");
  tree.put("sys/devices/system/cpu/online", "1\n");
  tree.put("sys/devices/system/cpu/cpufreq/policy0/cpuinfo_cur_freq", "600000\n");
  const std::string page = harness.page();
  EXPECT_THAT(page, HasSubstr("node_cpu_frequency_hertz{cpu=\"1\"} 6e+08\n"));
  EXPECT_THAT(page, Not(HasSubstr("cpu=\"0\"")));
}

TEST(Cpufreq, DirectoriesOfTheirOwnAndValuesThatAreNone) {
  TempTree tree({{"sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_cur_freq", "<unknown>\n"},
                 {"sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "1699981\n"},
                 {"sys/devices/system/cpu/cpu10/cpufreq/scaling_cur_freq", "8000\n"},
                 {"sys/devices/system/cpu/cpu11/topology/core_id", "1\n"},
                 {"sys/devices/system/cpu/cpuidle/current_driver", "none\n"}});
  EXPECT_EQ(CollectorHarness("cpufreq", tree.path()).page(),
            "node_cpu_scaling_frequency_hertz{cpu=\"0\"} 1.699981e+09\n"
            "node_cpu_scaling_frequency_hertz{cpu=\"10\"} 8e+06\n");
}

TEST(Cpufreq, ADriverThatIsLoadedLaterIsSeen) {
  TempTree tree({{"sys/devices/system/cpu/online", "0\n"}, {"sys/devices/system/cpu/cpu0/", ""}});
  CollectorHarness harness("cpufreq", tree.path());
  EXPECT_EQ(harness.page(), "");
  tree.put("sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq", "1000\n");
  EXPECT_EQ(harness.page(), "node_cpu_scaling_frequency_max_hertz{cpu=\"0\"} 1e+06\n");
}

TEST(Cpufreq, NothingAtAllIsNoFailure) {
  TempTree tree;
  EXPECT_EQ(CollectorHarness("cpufreq", tree.path()).page(), "");
}

TEST(Cpufreq, SurvivesTruncation) {
  expect_survives_truncation("cpufreq", "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "1500000\n");
}

}  // namespace
}  // namespace piman::agent
