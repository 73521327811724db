// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/processes.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// A stat with the given number of threads.
std::string stat_of(std::string_view pid, std::string_view name, char state, int threads) {
  return concat(pid, " (", name, ") ", state, " 1 1 1 0 -1 4194560 100 200 3 4 5 6 7 8 20 0 ", threads,
                " 0 29 173256704 3268 18446744073709551615 1 1 0 0 0 0 671173123 4096 1260 0 0 0 17 0 0 0 0 0 0\n");
}

TEST(Processes, StatesOfProcessesAndThreads) {
  TempTree tree({{"proc/1/stat", stat_of("1", "init", 'S', 1)},
                 {"proc/20/stat", stat_of("20", "a) R 9 (", 'R', 3)},
                 {"proc/20/task/20/stat", stat_of("20", "x", 'S', 3)},
                 {"proc/20/task/21/stat", stat_of("21", "x", 'S', 3)},
                 {"proc/20/task/22/stat", stat_of("22", "x", 'D', 3)},
                 {"proc/30/", ""},
                 {"proc/self/stat", "not a process"},
                 {"proc/sys/kernel/threads-max", "7801\n"},
                 {"proc/sys/kernel/pid_max", "32768\n"}});
  EXPECT_EQ(CollectorHarness("processes", tree.path()).page(),
            "node_processes_max_processes 32768\n"
            "node_processes_max_threads 7801\n"
            "node_processes_pids 2\n"
            "node_processes_state{state=\"R\"} 1\n"
            "node_processes_state{state=\"S\"} 1\n"
            "node_processes_threads 4\n"
            "node_processes_threads_state{thread_state=\"D\"} 1\n"
            "node_processes_threads_state{thread_state=\"R\"} 1\n"
            "node_processes_threads_state{thread_state=\"S\"} 2\n");
}

TEST(Processes, WhatCannotBeReadIsAnError) {
  EXPECT_THAT(CollectorHarness("processes", TempTree().path()).page(), StartsWith("error: reading "));
  TempTree no_limits({{"proc/1/stat", stat_of("1", "init", 'S', 1)}});
  EXPECT_THAT(CollectorHarness("processes", no_limits.path()).page(), HasSubstr("threads-max"));
  TempTree strange({{"proc/1/stat", "what"}});
  EXPECT_THAT(CollectorHarness("processes", strange.path()).page(), HasSubstr("1/stat: not understood: \"what\""));
  TempTree directory({{"proc/1/stat/", ""}});
  EXPECT_THAT(CollectorHarness("processes", directory.path()).page(), StartsWith("error: reading "));
}

TEST(Processes, AProcessOfThisMachine) {
  const auto stat = parse_process_stat(test::read_file("/proc/self/stat"));
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->state, 'R');
  EXPECT_GE(stat->threads, 1U);
}

TEST(Processes, SurvivesTruncation) {
  expect_survives_truncation("processes", "proc/1/stat", stat_of("1", "in\xFF(it", 'S', 1));
}

}  // namespace
}  // namespace piman::agent
