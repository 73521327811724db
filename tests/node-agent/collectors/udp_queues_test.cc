// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/udp_queues.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kHeading =
    "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer "
    "drops\n";
constexpr std::string_view kLine =
    "  177: 00000000:0044 00000000:0000 07 00000015:0000000A 00:00000000 00000000     0        0 2740 2 "
    "0000000000000000 0\n";

TEST(UdpQueues, BytesOfAllSockets) {
  TempTree tree({{"proc/net/udp", concat(kHeading, kLine, kLine)}, {"proc/net/udp6", kHeading}});
  EXPECT_EQ(CollectorHarness("udp_queues", tree.path()).page(),
            "node_udp_queues{ip=\"v4\",queue=\"rx\"} 20\n"
            "node_udp_queues{ip=\"v4\",queue=\"tx\"} 42\n"
            "node_udp_queues{ip=\"v6\",queue=\"rx\"} 0\n"
            "node_udp_queues{ip=\"v6\",queue=\"tx\"} 0\n");
}

TEST(UdpQueues, AKernelWithoutEitherHasNothingToReport) {
  TempTree tree({{"proc/stat", ""}});
  EXPECT_EQ(CollectorHarness("udp_queues", tree.path()).page(), "absent\n");
}

TEST(UdpQueues, AKernelWithOneOfThem) {
  TempTree tree({{"proc/net/udp6", kHeading}});
  EXPECT_THAT(CollectorHarness("udp_queues", tree.path()).page(), StartsWith("node_udp_queues{ip=\"v6\""));
}

TEST(UdpQueues, WhatIsNoSocketIsAnError) {
  TempTree tree({{"proc/net/udp", concat(kHeading, "  0: 1:2 3:4 07 zz:00 0 0 0 0 1\n")}});
  EXPECT_THAT(CollectorHarness("udp_queues", tree.path()).page(), HasSubstr("proc/net/udp: not understood: "));
  TempTree unreadable({{"proc/net/udp/", ""}});
  EXPECT_THAT(CollectorHarness("udp_queues", unreadable.path()).page(), StartsWith("error: reading "));
}

TEST(UdpQueues, SurvivesTruncation) {
  expect_survives_truncation("udp_queues", "proc/net/udp", concat(kHeading, kLine));
}

}  // namespace
}  // namespace piman::agent
