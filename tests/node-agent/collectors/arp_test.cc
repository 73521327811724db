// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/arp.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;

constexpr std::string_view kArp =
    "IP address       HW type     Flags       HW address            Mask     Device\n"
    "192.168.4.1      0x1         0x2         dc:a6:32:01:02:03     *        wlan0\n"
    "192.168.4.9      0x1         0x2         dc:a6:32:01:02:04     *        eth0\n"
    "192.168.4.17     0x1         0x0         00:00:00:00:00:00     *        eth0\n";

TEST(Arp, CountsByDevice) {
  TempTree tree({{"proc/net/arp", kArp}});
  CollectorHarness harness("arp", tree.path());
  EXPECT_EQ(harness.text(),
            "# HELP node_arp_entries Neighbours in the ARP table of a device.\n"
            "# TYPE node_arp_entries gauge\n"
            "node_arp_entries{device=\"eth0\"} 2\n"
            "node_arp_entries{device=\"wlan0\"} 1\n");
}

TEST(Arp, ADeviceWithoutNeighboursIsForgotten) {
  TempTree tree({{"proc/net/arp", kArp}});
  CollectorHarness harness("arp", tree.path());
  harness.page();
  tree.put("proc/net/arp", kArp.substr(0, kArp.find("192.168.4.9")));
  EXPECT_EQ(harness.page(), "node_arp_entries{device=\"wlan0\"} 1\n");
}

TEST(Arp, FiltersDevices) {
  TempTree tree({{"proc/net/arp", kArp}});
  CollectorHarness exclude("arp", tree.path());
  exclude.set_option("arp.device-exclude", "^wlan");
  EXPECT_EQ(exclude.page(), "node_arp_entries{device=\"eth0\"} 2\n");
  CollectorHarness include("arp", tree.path());
  include.set_option("arp.device-include", "^wlan");
  EXPECT_EQ(include.page(), "node_arp_entries{device=\"wlan0\"} 1\n");
}

TEST(Arp, EmptyTableHasNoSamples) {
  TempTree tree({{"proc/net/arp", kArp.substr(0, kArp.find('\n') + 1)}});
  EXPECT_EQ(CollectorHarness("arp", tree.path()).page(), "");
}

TEST(Arp, WhatCannotBeReadOrUnderstoodIsAnError) {
  TempTree tree({{"proc/net/arp", "192.168.4.1 0x1 0x2 eth0\n"}});
  EXPECT_THAT(CollectorHarness("arp", tree.path()).page(), testing::HasSubstr("net/arp: not understood: "));
  tree.remove("proc/net/arp");
  tree.put("proc/net/arp/", "");
  EXPECT_THAT(CollectorHarness("arp", tree.path()).page(), testing::HasSubstr("net/arp: Is a directory"));
}

TEST(Arp, SurvivesTruncation) { expect_survives_truncation("arp", "proc/net/arp", kArp); }

}  // namespace
}  // namespace piman::agent
