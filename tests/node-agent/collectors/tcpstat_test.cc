// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/tcpstat.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kHeading =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

std::string socket(std::string_view state, std::string_view queues) {
  return concat("   0: 0100007F:0CEA 00000000:0000 ", state, ' ', queues,
                " 00:00000000 00000000   110        0 21174 1 0000000000000000 100 0 0 10 0\n");
}

TEST(Tcpstat, StatesOfBothVersionsOfIp) {
  TempTree tree({{"proc/net/tcp", concat(kHeading, socket("0A", "00000000:00000002"), socket("01", "00000010:00000000"),
                                         socket("06", "00000000:00000000"))},
                 {"proc/net/tcp6", concat(kHeading, socket("0A", "00000000:00000000"), socket("FF", "1:0"))}});
  EXPECT_EQ(CollectorHarness("tcpstat", tree.path()).page(),
            "node_tcp_connection_states{state=\"established\"} 1\n"
            "node_tcp_connection_states{state=\"listen\"} 2\n"
            "node_tcp_connection_states{state=\"rx_queued_bytes\"} 2\n"
            "node_tcp_connection_states{state=\"time_wait\"} 1\n"
            "node_tcp_connection_states{state=\"tx_queued_bytes\"} 17\n"
            "node_tcp_connection_states{state=\"unknown\"} 1\n");
}

TEST(Tcpstat, WithoutSocketsThereIsNothingToSay) {
  TempTree tree({{"proc/net/tcp", kHeading}});
  EXPECT_EQ(CollectorHarness("tcpstat", tree.path()).page(), "");
}

TEST(Tcpstat, WhatCannotBeReadIsAnError) {
  EXPECT_THAT(CollectorHarness("tcpstat", TempTree().path()).page(), StartsWith("error: reading "));
  TempTree tree({{"proc/net/tcp", kHeading}, {"proc/net/tcp6", concat(kHeading, "  0: x\n")}});
  EXPECT_THAT(CollectorHarness("tcpstat", tree.path()).page(), HasSubstr("proc/net/tcp6: not understood: "));
}

TEST(Tcpstat, SurvivesTruncation) {
  expect_survives_truncation("tcpstat", "proc/net/tcp", concat(kHeading, socket("0A", "00000000:00000002")));
}

}  // namespace
}  // namespace piman::agent
