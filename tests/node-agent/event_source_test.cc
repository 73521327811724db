// SPDX-License-Identifier: Apache-2.0
#include "node-agent/event_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

#include "tests/support/temp_tree.h"

namespace piman::agent {
namespace {

using namespace std::chrono_literals;
using test::TempTree;

/// Moves on by a second at each look, so that nothing in the test waits.
class SteppingClock final : public Clock {
 public:
  SteadyTime steady() const override { return SteadyTime(std::chrono::seconds(++seconds_)); }
  WallTime wall() const override { return WallTime(1'000'000s + 500ms); }

 private:
  mutable std::atomic<int> seconds_{0};
};

HostPaths paths_in(const TempTree& tree) {
  HostPaths paths;
  paths.procfs = tree.path() + "/proc";
  paths.sysfs = tree.path() + "/sys";
  paths.rootfs = tree.path();
  return paths;
}

TEST(EventSource, FiveValuesAndTemperature) {
  TempTree tree({{"proc/stat", "cpu  0 0 0 0 0 0 0 0 0 0\n"},
                 {"proc/meminfo", "MemTotal: 1000 kB\nMemFree: 10 kB\nMemAvailable: 250 kB\n"},
                 {"proc/1/", ""},
                 {"proc/42/", ""},
                 {"proc/uptime", ""},
                 {"sys/class/thermal/thermal_zone0/temp", "48686\n"}});
  const SteppingClock clock;
  EventSource source(paths_in(tree), clock);
  // 100 ticks of time: 20 user, 5 of them for a guest, 10 waiting for I/O.
  tree.put("proc/stat", "cpu  20 0 0 70 10 0 0 0 5 0\n");
  const NodeEvent event = source.read();
  EXPECT_EQ(event.time, 1'000'000.5);
  EXPECT_EQ(event.cpu_percent, 20.0);
  EXPECT_EQ(event.memory_percent, 75.0);
  EXPECT_EQ(event.num_pids, 2.0);
  EXPECT_EQ(event.temp, 48.7);
  ASSERT_TRUE(event.disk_percent);
  EXPECT_GT(*event.disk_percent, 0);
  EXPECT_LE(*event.disk_percent, 100);
}

TEST(EventSource, AnUnreadableMachineGivesOnlyTheTime) {
  TempTree tree;
  const SteppingClock clock;
  HostPaths paths = paths_in(tree);
  paths.rootfs = tree.path() + "/nowhere";
  EventSource source(paths, clock);
  EXPECT_EQ(encode(source.read()), "{\"time\":1000000.5}\n");
}

TEST(EventSource, DiskAsDfShowsIt) {
  // 100 blocks, 40 free, of which 5 are reserved: df says 60 / (60 + 35) = 63.2 %.
  EXPECT_EQ(disk_percent(100, 40, 35), 63.2);
  EXPECT_FALSE(disk_percent(0, 0, 0));
  EXPECT_FALSE(disk_percent(1, 2, 2));
}

TEST(EventSource, CpuShareStaysWithinBounds) {
  EXPECT_EQ(cpu_percent_between({100, 1000}, {99, 1100}), 0.0);
  EXPECT_FALSE(cpu_percent_between({100, 1000}, {100, 1000}));
}

TEST(EventSource, MemoryNeedsBothLines) { EXPECT_FALSE(parse_memory_percent("MemTotal: 1000 kB\nMemFree: 10 kB\n")); }

}  // namespace
}  // namespace piman::agent
