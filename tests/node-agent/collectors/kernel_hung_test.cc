// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/kernel_hung.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;

constexpr const char* kPath = "proc/sys/kernel/hung_task_detect_count";

TEST(KernelHung, CountsTasks) {
  TempTree tree({{kPath, "3\n"}});
  EXPECT_EQ(CollectorHarness("kernel_hung", tree.path()).page(), "node_kernel_hung_tasks_total 3\n");
}

TEST(KernelHung, AbsentInOlderKernels) {
  TempTree tree({{"proc/sys/kernel/", ""}});
  EXPECT_EQ(CollectorHarness("kernel_hung", tree.path()).page(), "absent\n");
}

TEST(KernelHung, StrangeOrUnreadableIsAnError) {
  TempTree tree({{kPath, "none\n"}});
  EXPECT_THAT(CollectorHarness("kernel_hung", tree.path()).page(), testing::HasSubstr("no number: \"none"));
  tree.remove(kPath);
  tree.put(std::string(kPath) + "/", "");
  EXPECT_THAT(CollectorHarness("kernel_hung", tree.path()).page(), testing::HasSubstr("Is a directory"));
}

TEST(KernelHung, SurvivesTruncation) { expect_survives_truncation("kernel_hung", kPath, "31\n"); }

}  // namespace
}  // namespace piman::agent
