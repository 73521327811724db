// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/netdev.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;

constexpr std::string_view kDev =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier "
    "compressed\n"
    "    lo: 10 1 0 0 0 0 0 0 10 1 0 0 0 0 0 0\n"
    "  eth0:68210035552 520993275 1 2 3 4 5 6 9315587528 43451486 7 8 9 10 11 12\n";

TEST(Netdev, EveryColumnHasItsName) {
  TempTree tree({{"proc/net/dev", kDev}, {"sys/class/net/eth0/statistics/rx_nohandler", "13\n"}});
  EXPECT_EQ(CollectorHarness("netdev", tree.path()).page(),
            "node_network_receive_bytes_total{device=\"eth0\"} 6.8210035552e+10\n"
            "node_network_receive_packets_total{device=\"eth0\"} 5.20993275e+08\n"
            "node_network_receive_errs_total{device=\"eth0\"} 1\n"
            "node_network_receive_drop_total{device=\"eth0\"} 2\n"
            "node_network_receive_fifo_total{device=\"eth0\"} 3\n"
            "node_network_receive_frame_total{device=\"eth0\"} 4\n"
            "node_network_receive_compressed_total{device=\"eth0\"} 5\n"
            "node_network_receive_multicast_total{device=\"eth0\"} 6\n"
            "node_network_transmit_bytes_total{device=\"eth0\"} 9.315587528e+09\n"
            "node_network_transmit_packets_total{device=\"eth0\"} 4.3451486e+07\n"
            "node_network_transmit_errs_total{device=\"eth0\"} 7\n"
            "node_network_transmit_drop_total{device=\"eth0\"} 8\n"
            "node_network_transmit_fifo_total{device=\"eth0\"} 9\n"
            "node_network_transmit_colls_total{device=\"eth0\"} 10\n"
            "node_network_transmit_carrier_total{device=\"eth0\"} 11\n"
            "node_network_transmit_compressed_total{device=\"eth0\"} 12\n"
            "node_network_receive_nohandler_total{device=\"eth0\"} 13\n");
}

TEST(Netdev, ADeviceThatIsGoneLeavesNothing) {
  TempTree tree({{"proc/net/dev", kDev}});
  CollectorHarness harness("netdev", tree.path());
  EXPECT_THAT(harness.page(), testing::HasSubstr("eth0"));
  tree.put("proc/net/dev", "  lo: 10 1 0 0 0 0 0 0 10 1 0 0 0 0 0 0\n");
  EXPECT_EQ(harness.page(), "");
}

TEST(Netdev, HeadingsAndCutLinesAreNoDevices) {
  EXPECT_FALSE(parse_netdev_line(" face |bytes packets"));
  EXPECT_FALSE(parse_netdev_line("eth0: 1 2 3"));
  EXPECT_FALSE(parse_netdev_line(": 1 2 3 4 5 6 7 8 1 2 3 4 5 6 7 8"));
  EXPECT_EQ(parse_netdev_line("eth0:1: 1 2 3 4 5 6 7 8 1 2 3 4 5 6 7 8")->device, "eth0:1");
}

TEST(Netdev, SurvivesTruncation) { expect_survives_truncation("netdev", "proc/net/dev", kDev); }

}  // namespace
}  // namespace piman::agent
