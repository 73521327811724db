// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/softnet.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kSoftnet =
    "00049279 00000000 00000001 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000\n"
    "000dfb82 00000029 0000000a 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000\n";

TEST(Softnet, PacketsOfEachCpu) {
  TempTree tree({{"proc/net/softnet_stat", kSoftnet}});
  EXPECT_EQ(CollectorHarness("softnet", tree.path()).page(),
            "node_softnet_dropped_total{cpu=\"0\"} 0\n"
            "node_softnet_dropped_total{cpu=\"1\"} 41\n"
            "node_softnet_processed_total{cpu=\"0\"} 299641\n"
            "node_softnet_processed_total{cpu=\"1\"} 916354\n"
            "node_softnet_times_squeezed_total{cpu=\"0\"} 1\n"
            "node_softnet_times_squeezed_total{cpu=\"1\"} 10\n");
}

TEST(Softnet, NewerKernelsSayWhoseLineItIs) {
  TempTree tree({{"proc/net/softnet_stat", "5 0 0 0 0 0 0 0 0 0 0 0 00000003 0 0\n"}});
  EXPECT_THAT(CollectorHarness("softnet", tree.path()).page(),
              HasSubstr("node_softnet_processed_total{cpu=\"3\"} 5\n"));
}

TEST(Softnet, WithoutTheFileItFails) {
  TempTree tree({{"proc/stat", ""}});
  EXPECT_THAT(CollectorHarness("softnet", tree.path()).page(), StartsWith("error: reading "));
}

TEST(Softnet, LinesThatAreNoneAreErrors) {
  EXPECT_FALSE(parse_softnet_line("1 2 3 4 5 6 7 8"));
  EXPECT_FALSE(parse_softnet_line("1 2 3 4 5 6 7 8 zz"));
  EXPECT_FALSE(parse_softnet_line("1ffffffffffffffff 2 3 4 5 6 7 8 9"));
}

TEST(Softnet, SurvivesTruncation) { expect_survives_truncation("softnet", "proc/net/softnet_stat", kSoftnet); }

}  // namespace
}  // namespace piman::agent
