// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/entropy.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;

TEST(Entropy, AvailableAndPoolSize) {
  TempTree tree({{"proc/sys/kernel/random/entropy_avail", "256\n"}, {"proc/sys/kernel/random/poolsize", "256\n"}});
  CollectorHarness harness("entropy", tree.path());
  EXPECT_EQ(harness.page(), "node_entropy_available_bits 256\nnode_entropy_pool_size_bits 256\n");
  tree.put("proc/sys/kernel/random/entropy_avail", "17\n");
  EXPECT_EQ(harness.page(), "node_entropy_available_bits 17\nnode_entropy_pool_size_bits 256\n");
}

TEST(Entropy, MissingOrStrangeIsAnError) {
  TempTree tree({{"proc/sys/kernel/random/poolsize", "256\n"}});
  EXPECT_THAT(CollectorHarness("entropy", tree.path()).page(), testing::HasSubstr("entropy_avail: No such file"));
  tree.put("proc/sys/kernel/random/entropy_avail", "many\n");
  EXPECT_THAT(CollectorHarness("entropy", tree.path()).page(), testing::HasSubstr("entropy_avail: no number: \"many"));
  tree.put("proc/sys/kernel/random/entropy_avail", "1\n");
  tree.put("proc/sys/kernel/random/poolsize", "-4\n");
  EXPECT_THAT(CollectorHarness("entropy", tree.path()).page(), testing::HasSubstr("poolsize: no number"));
}

TEST(Entropy, SurvivesTruncation) {
  expect_survives_truncation("entropy", "proc/sys/kernel/random/entropy_avail", "256\n");
}

}  // namespace
}  // namespace piman::agent
