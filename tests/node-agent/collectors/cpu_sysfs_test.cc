// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/cpu_sysfs.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kStat = "cpu0 10 1 5 500 3 0 4 0 2 0\n";

TEST(CpuList, RangesAndSingles) {
  EXPECT_THAT(parse_cpu_list("1,3-5,9").value(), ElementsAre(1U, 3U, 4U, 5U, 9U));
  EXPECT_THAT(parse_cpu_list("5,1-2,2").value(), ElementsAre(1U, 2U, 5U));
  EXPECT_THAT(parse_cpu_list("").value(), IsEmpty());
  for (const char* bad : {"x", "1-", "-1", "1-2-3", "1 2", "0-99999", "4294967296"}) {
    EXPECT_FALSE(parse_cpu_list(bad)) << bad;
  }
  std::string again;
  for (int i = 0; i < 100; ++i) again += "0-65535,";
  EXPECT_FALSE(parse_cpu_list(again));
}

TEST(CpuIsolated, OneSampleACpu) {
  TempTree tree({{"proc/stat", kStat}, {"sys/devices/system/cpu/isolated", "1,3-4\n"}});
  EXPECT_THAT(CollectorHarness("cpu", tree.path()).page(), HasSubstr("node_cpu_isolated{cpu=\"1\"} 1\n"
                                                                     "node_cpu_isolated{cpu=\"3\"} 1\n"
                                                                     "node_cpu_isolated{cpu=\"4\"} 1\n"));
  tree.put("sys/devices/system/cpu/isolated", "\n");
  EXPECT_THAT(CollectorHarness("cpu", tree.path()).page(), Not(HasSubstr("node_cpu_isolated")));
  tree.put("sys/devices/system/cpu/isolated", "many\n");
  const std::string page = CollectorHarness("cpu", tree.path()).page();
  EXPECT_THAT(page, HasSubstr("isolated: no list of CPUs: \"many"));
  EXPECT_THAT(page, HasSubstr("node_cpu_seconds_total"));
}

/// Two packages; the first has a core of two CPUs.
const std::initializer_list<TempTree::Entry> kThrottles = {
    {"proc/stat", kStat},
    {"sys/devices/system/cpu/cpu0/topology/physical_package_id", "0\n"},
    {"sys/devices/system/cpu/cpu0/topology/core_id", "0\n"},
    {"sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "5\n"},
    {"sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count", "30\n"},
    {"sys/devices/system/cpu/cpu1/topology/physical_package_id", "0\n"},
    {"sys/devices/system/cpu/cpu1/topology/core_id", "0\n"},
    {"sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count", "5\n"},
    {"sys/devices/system/cpu/cpu1/thermal_throttle/package_throttle_count", "30\n"},
    {"sys/devices/system/cpu/cpu2/topology/physical_package_id", "1\n"},
    {"sys/devices/system/cpu/cpu2/topology/core_id", "0\n"},
    {"sys/devices/system/cpu/cpu2/thermal_throttle/core_throttle_count", "9\n"},
    {"sys/devices/system/cpu/cpu3/thermal_throttle/core_throttle_count", "77\n"},
    {"sys/devices/system/cpu/cpufreq/policy0/x", ""}};

TEST(CpuThrottles, ByCoreAndPackage) {
  TempTree tree(kThrottles);
  CollectorHarness harness("cpu", tree.path());
  const std::string page = harness.page();
  EXPECT_THAT(page, HasSubstr("node_cpu_core_throttles_total{core=\"0\",package=\"0\"} 5\n"
                              "node_cpu_core_throttles_total{core=\"0\",package=\"1\"} 9\n"));
  EXPECT_THAT(page, HasSubstr("node_cpu_package_throttles_total{package=\"0\"} 30\n"));
  EXPECT_THAT(page, Not(HasSubstr("node_cpu_package_throttles_total{package=\"1\"}")));
  EXPECT_THAT(page, Not(HasSubstr(" 77\n")));
  tree.put("sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "6\n");
  EXPECT_THAT(harness.page(), HasSubstr("node_cpu_core_throttles_total{core=\"0\",package=\"0\"} 6\n"));
}

TEST(CpuThrottles, ACpuThatComesIsLookedAt) {
  TempTree tree({{"proc/stat", kStat}});
  CollectorHarness harness("cpu", tree.path());
  harness.page();
  tree.put("sys/devices/system/cpu/cpu1/topology/physical_package_id", "0\n");
  tree.put("sys/devices/system/cpu/cpu1/topology/core_id", "1\n");
  tree.put("sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count", "2\n");
  tree.put("proc/stat", concat(kStat, "cpu1 10 1 5 500 3 0 4 0 2 0\n"));
  EXPECT_THAT(harness.page(), HasSubstr("node_cpu_core_throttles_total{core=\"1\",package=\"0\"} 2\n"));
}

}  // namespace
}  // namespace piman::agent
