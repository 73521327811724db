// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/pressure.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;

constexpr std::string_view kIo =
    "some avg10=0.00 avg60=0.00 avg300=0.00 total=5134000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=12\n";

TEST(Pressure, TotalsInSeconds) {
  TempTree tree({{"proc/pressure/cpu", "some avg10=0.4 avg60=2.8 avg300=1.37 total=14036781\n"},
                 {"proc/pressure/io", kIo},
                 {"proc/pressure/memory", kIo}});
  EXPECT_EQ(CollectorHarness("pressure", tree.path()).page(),
            "node_pressure_cpu_waiting_seconds_total 14.036781\n"
            "node_pressure_io_waiting_seconds_total 5.134\n"
            "node_pressure_io_stalled_seconds_total 1.2e-05\n"
            "node_pressure_memory_waiting_seconds_total 5.134\n"
            "node_pressure_memory_stalled_seconds_total 1.2e-05\n");
}

TEST(Pressure, AKernelWithoutItHasNothingToReport) {
  TempTree tree({{"proc/stat", ""}});
  EXPECT_EQ(CollectorHarness("pressure", tree.path()).page(), "absent\n");
}

TEST(Pressure, SurvivesTruncation) { expect_survives_truncation("pressure", "proc/pressure/cpu", kIo); }

}  // namespace
}  // namespace piman::agent
