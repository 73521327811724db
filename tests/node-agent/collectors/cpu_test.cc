// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/cpu.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;

constexpr std::string_view kStat =
    "cpu  30 3 20 1000 7 0 5 0 2 0\n"
    "cpu0 10 1 5 500 3 0 4 0 2 0\n"
    "cpu1 20 2 15 500 4 0 1 0 0 0\n"
    "intr 5\n";

TEST(Cpu, ModesInTheOrderOfTheirNames) {
  TempTree tree({{"proc/stat", kStat}});
  const std::string page = CollectorHarness("cpu", tree.path()).page();
  EXPECT_THAT(page, testing::HasSubstr("node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 5\n"
                                       "node_cpu_seconds_total{cpu=\"0\",mode=\"iowait\"} 0.03\n"
                                       "node_cpu_seconds_total{cpu=\"0\",mode=\"irq\"} 0\n"
                                       "node_cpu_seconds_total{cpu=\"0\",mode=\"nice\"} 0.01\n"
                                       "node_cpu_seconds_total{cpu=\"0\",mode=\"softirq\"} 0.04\n"
                                       "node_cpu_seconds_total{cpu=\"0\",mode=\"steal\"} 0\n"
                                       "node_cpu_seconds_total{cpu=\"0\",mode=\"system\"} 0.05\n"
                                       "node_cpu_seconds_total{cpu=\"0\",mode=\"user\"} 0.1\n"));
  EXPECT_THAT(page, testing::HasSubstr("node_cpu_guest_seconds_total{cpu=\"0\",mode=\"user\"} 0.02\n"));
}

TEST(Cpu, ACounterNeverFallsByKernelNoise) {
  TempTree tree({{"proc/stat", "cpu0 10 0 0 500 30 0 0 0 0 0\n"}});
  CollectorHarness harness("cpu", tree.path());
  harness.page();
  tree.put("proc/stat", "cpu0 10 0 0 499 29 0 0 0 0 0\n");
  const std::string page = harness.page();
  EXPECT_THAT(page, testing::HasSubstr("mode=\"idle\"} 5\n"));
  EXPECT_THAT(page, testing::HasSubstr("mode=\"iowait\"} 0.3\n"));
}

TEST(Cpu, AReturnedCpuStartsAgain) {
  TempTree tree({{"proc/stat", "cpu0 10 0 0 90000 0 0 0 0 0 0\n"}});
  CollectorHarness harness("cpu", tree.path());
  harness.page();
  tree.put("proc/stat", "cpu0 10 0 0 100 0 0 0 0 0 0\n");
  EXPECT_THAT(harness.page(), testing::HasSubstr("mode=\"idle\"} 1\n"));
}

TEST(Cpu, OldKernelsHaveFewerColumns) {
  const auto times = parse_cpu_line("cpu3 1 2 3 4");
  ASSERT_TRUE(times);
  EXPECT_EQ(times->cpu, "3");
  EXPECT_EQ(times->ticks[3], 4U);
  EXPECT_EQ(times->ticks[9], 0U);
}

TEST(Cpu, RefusesCutLines) {
  EXPECT_FALSE(parse_cpu_line("cpu0 1 2 3"));
  EXPECT_FALSE(parse_cpu_line("cpux 1 2 3 4"));
  EXPECT_FALSE(parse_cpu_line("cpu0 1 2 3 -4"));
}

TEST(Cpu, SurvivesTruncation) { expect_survives_truncation("cpu", "proc/stat", kStat); }

}  // namespace
}  // namespace piman::agent
