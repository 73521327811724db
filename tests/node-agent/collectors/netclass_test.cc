// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/netclass.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::link;
using test::TempTree;
using testing::HasSubstr;
using testing::Not;

const std::initializer_list<TempTree::Entry> kNet = {{"sys/devices/eth0/addr_assign_type", "0\n"},
                                                     {"sys/devices/eth0/address", "dc:a6:32:01:02:03\n"},
                                                     {"sys/devices/eth0/broadcast", "ff:ff:ff:ff:ff:ff\n"},
                                                     {"sys/devices/eth0/carrier", "1\n"},
                                                     {"sys/devices/eth0/carrier_changes", "2\n"},
                                                     {"sys/devices/eth0/carrier_down_count", "1\n"},
                                                     {"sys/devices/eth0/carrier_up_count", "1\n"},
                                                     {"sys/devices/eth0/dev_id", "0x20\n"},
                                                     {"sys/devices/eth0/dormant", "0\n"},
                                                     {"sys/devices/eth0/duplex", "full\n"},
                                                     {"sys/devices/eth0/flags", "0x1003\n"},
                                                     {"sys/devices/eth0/ifalias", "the \"lab\"\n"},
                                                     {"sys/devices/eth0/ifindex", "2\n"},
                                                     {"sys/devices/eth0/iflink", "2\n"},
                                                     {"sys/devices/eth0/link_mode", "0\n"},
                                                     {"sys/devices/eth0/mtu", "1500\n"},
                                                     {"sys/devices/eth0/name_assign_type", "4\n"},
                                                     {"sys/devices/eth0/netdev_group", "0\n"},
                                                     {"sys/devices/eth0/operstate", "up\n"},
                                                     {"sys/devices/eth0/speed", "1000\n"},
                                                     {"sys/devices/eth0/tx_queue_len", "1000\n"},
                                                     {"sys/devices/eth0/type", "1\n"},
                                                     {"sys/class/net/eth0", link("../../devices/eth0")},
                                                     {"sys/class/net/bonding_masters", "\n"}};

TEST(Netclass, Page) {
  TempTree tree(kNet);
  EXPECT_EQ(CollectorHarness("netclass", tree.path()).page(),
            "node_network_address_assign_type{device=\"eth0\"} 0\n"
            "node_network_carrier{device=\"eth0\"} 1\n"
            "node_network_carrier_changes_total{device=\"eth0\"} 2\n"
            "node_network_carrier_down_changes_total{device=\"eth0\"} 1\n"
            "node_network_carrier_up_changes_total{device=\"eth0\"} 1\n"
            "node_network_device_id{device=\"eth0\"} 32\n"
            "node_network_dormant{device=\"eth0\"} 0\n"
            "node_network_flags{device=\"eth0\"} 4099\n"
            "node_network_iface_id{device=\"eth0\"} 2\n"
            "node_network_iface_link{device=\"eth0\"} 2\n"
            "node_network_iface_link_mode{device=\"eth0\"} 0\n"
            "node_network_info{address=\"dc:a6:32:01:02:03\",broadcast=\"ff:ff:ff:ff:ff:ff\",device=\"eth0\","
            "duplex=\"full\",ifalias=\"the \\\"lab\\\"\",operstate=\"up\"} 1\n"
            "node_network_mtu_bytes{device=\"eth0\"} 1500\n"
            "node_network_name_assign_type{device=\"eth0\"} 4\n"
            "node_network_net_dev_group{device=\"eth0\"} 0\n"
            "node_network_protocol_type{device=\"eth0\"} 1\n"
            "node_network_speed_bytes{device=\"eth0\"} 1.25e+08\n"
            "node_network_transmit_queue_length{device=\"eth0\"} 1000\n"
            "node_network_up{device=\"eth0\"} 1\n");
}

TEST(Netclass, WhatADeviceDoesNotTellIsLeftOut) {
  TempTree tree({{"sys/class/net/lo/operstate", "unknown\n"},
                 {"sys/class/net/lo/speed/", ""},
                 {"sys/class/net/lo/mtu", "lots\n"}});
  EXPECT_EQ(CollectorHarness("netclass", tree.path()).page(),
            "node_network_info{address=\"\",broadcast=\"\",device=\"lo\",duplex=\"\",ifalias=\"\","
            "operstate=\"unknown\"} 1\n"
            "node_network_up{device=\"lo\"} 0\n");
}

TEST(Netclass, AnUnknownSpeedIsNegativeUnlessIgnored) {
  TempTree tree({{"sys/class/net/wlan0/speed", "-1\n"}});
  CollectorHarness shown("netclass", tree.path());
  EXPECT_THAT(shown.page(), HasSubstr("node_network_speed_bytes{device=\"wlan0\"} -125000\n"));
  CollectorHarness ignored("netclass", tree.path());
  ignored.set_option("netclass.ignore-invalid-speed", "true");
  EXPECT_THAT(ignored.page(), Not(HasSubstr("speed_bytes")));
  tree.put("sys/class/net/wlan0/speed", "9223372036854775807\n");
  EXPECT_THAT(ignored.page(), Not(HasSubstr("speed_bytes")));
}

TEST(Netclass, IgnoresDevices) {
  TempTree tree(kNet);
  CollectorHarness harness("netclass", tree.path());
  harness.set_option("netclass.ignored-devices", "^(eth0|lo)$");
  EXPECT_EQ(harness.page(), "");
}

TEST(Netclass, DevicesComeGoAndComeBackAsOthers) {
  TempTree tree(kNet);
  CollectorHarness harness("netclass", tree.path());
  EXPECT_THAT(harness.page(), HasSubstr("node_network_protocol_type{device=\"eth0\"} 1\n"));
  tree.remove("sys/class/net/eth0");
  EXPECT_EQ(harness.page(), "");
  tree.put("sys/class/net/eth0", link("../../devices/eth0"));
  tree.put("sys/devices/eth0/ifindex", "7\n");
  tree.put("sys/devices/eth0/type", "772\n");
  const std::string page = harness.page();
  EXPECT_THAT(page, HasSubstr("node_network_iface_id{device=\"eth0\"} 7\n"));
  EXPECT_THAT(page, HasSubstr("node_network_protocol_type{device=\"eth0\"} 772\n"));
}

TEST(Netclass, WhatIsFixedIsReadAgainForAnotherDeviceOfTheName) {
  TempTree tree(kNet);
  CollectorHarness harness("netclass", tree.path());
  harness.page();
  tree.put("sys/devices/eth0/ifindex", "7\n");
  tree.put("sys/devices/eth0/type", "772\n");
  EXPECT_THAT(harness.page(), HasSubstr("node_network_protocol_type{device=\"eth0\"} 772\n"));
}

TEST(Netclass, ManyDevicesAreAllThere) {
  TempTree tree;
  for (int i = 10; i < 60; ++i) {
    tree.put(concat("sys/class/net/veth", i, "/ifindex"), concat(i, '\n'));
    tree.put(concat("sys/class/net/veth", i, "/type"), "1\n");
  }
  CollectorHarness harness("netclass", tree.path());
  const std::string page = harness.page();
  EXPECT_THAT(page, HasSubstr("node_network_iface_id{device=\"veth59\"} 59\n"));
  EXPECT_EQ(harness.page(), page);
  tree.put("sys/class/net/veth59/ifindex", "100\n");
  EXPECT_THAT(harness.page(), HasSubstr("node_network_iface_id{device=\"veth59\"} 100\n"));
}

TEST(Netclass, Absent) {
  TempTree tree;
  EXPECT_EQ(CollectorHarness("netclass", tree.path()).page(), "absent\n");
}

TEST(Netclass, SurvivesTruncation) {
  expect_survives_truncation("netclass", "sys/class/net/eth0/flags", "0x1003\n");
  expect_survives_truncation("netclass", "sys/class/net/eth0/ifalias", "\xE2\x9A\x99\"\n");
}

}  // namespace
}  // namespace piman::agent
