// SPDX-License-Identifier: Apache-2.0
#include "manager/boots/pending_hosts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/manager/boots/boot_script.h"

namespace piman::manager {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace test;

netboot::DhcpEvent from(std::uint8_t last, std::string_view model) {
  auto event = dhcp(model, "DISCOVER", "", "unknown_host");
  event.mac = MacAddress({0xdc, 0xa6, 0x32, 0, 0, last});
  return event;
}

TEST(PendingHosts, remembers_who_is_not_in_the_inventory) {
  PendingHosts pending;
  const netboot::HostTable hosts({netboot::Host{kMac, kAddress, "pi1", {}, {}}});
  EXPECT_FALSE(pending.take(dhcp("pi4", "DISCOVER", "OFFER"), hosts, moment(0).wall));
  auto event = from(1, "pi4");
  event.client.serial = 0xe09200d8;
  event.client.revision = 0xd03114;
  EXPECT_TRUE(pending.take(event, hosts, moment(0).wall));
  EXPECT_FALSE(pending.take(from(1, "linux"), hosts, moment(5.7).wall));
  ASSERT_THAT(pending.list(), SizeIs(1));
  const PendingHost host = pending.list()[0];
  EXPECT_EQ(host.mac, event.mac);
  EXPECT_EQ(host.model, "pi4");  // the system that it started says less
  EXPECT_EQ(host.serial, 0xe09200d8U);
  EXPECT_EQ(host.revision, 0xd03114U);
  EXPECT_EQ(host.first_seen, moment(0).wall);
  EXPECT_EQ(host.last_seen, moment(5).wall);
  EXPECT_EQ(host.messages, 2U);
  EXPECT_EQ(host.interface, "eth0");
  EXPECT_EQ(pending.find(event.mac), host);
  EXPECT_FALSE(pending.find(kMac));
}

TEST(PendingHosts, a_boot_program_replaces_what_a_system_said) {
  PendingHosts pending;
  pending.take(from(1, "linux"), {}, moment(0).wall);
  pending.take(from(1, "pi5"), {}, moment(1).wall);
  EXPECT_EQ(pending.list()[0].model, "pi5");
}

TEST(PendingHosts, gives_out_what_is_new_and_not_each_message) {
  PendingHosts pending;
  pending.take(from(1, "pi4"), {}, moment(0).wall);
  EXPECT_THAT(pending.take_changes(), SizeIs(1));
  for (int i = 1; i < 50; ++i) pending.take(from(1, "pi4"), {}, moment(i).wall);
  EXPECT_THAT(pending.take_changes(), IsEmpty());
  pending.take(from(1, "pi4"), {}, moment(61).wall);
  const auto changes = pending.take_changes();
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].host->messages, 51U);
}

TEST(PendingHosts, those_that_were_accepted_leave) {
  PendingHosts pending;
  pending.take(from(1, "pi4"), {}, moment(0).wall);
  pending.take(from(2, "pi4"), {}, moment(0).wall);
  pending.take_changes();
  pending.leave_out(netboot::HostTable({netboot::Host{from(1, "").mac, kAddress, "pi1", {}, {}}}));
  ASSERT_THAT(pending.list(), SizeIs(1));
  EXPECT_EQ(pending.list()[0].mac, from(2, "").mac);
  const auto changes = pending.take_changes();
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_FALSE(changes[0].host);
}

TEST(PendingHosts, laptops_make_room_before_pis_and_the_silent_before_the_loud) {
  PendingHosts pending(3);
  pending.take(from(1, "pi4"), {}, moment(0).wall);
  pending.take(from(2, "linux"), {}, moment(10).wall);
  pending.take(from(3, "pi3"), {}, moment(20).wall);
  pending.take(from(4, "pi5"), {}, moment(30).wall);
  EXPECT_FALSE(pending.find(from(2, "").mac));
  pending.take(from(5, "pi5"), {}, moment(40).wall);
  EXPECT_FALSE(pending.find(from(1, "").mac));
  EXPECT_EQ(pending.size(), 3U);
}

TEST(PendingHosts, lists_pis_first_in_the_order_in_which_they_came) {
  PendingHosts pending;
  pending.take(from(9, "linux"), {}, moment(0).wall);
  pending.take(from(8, "ipxe"), {}, moment(1).wall);
  pending.take(from(7, "pi4"), {}, moment(2).wall);
  pending.take(from(1, "pi3b_rom"), {}, moment(3).wall);
  std::vector<std::string> models;
  for (const auto& host : pending.list()) models.push_back(host.model);
  EXPECT_EQ(models, (std::vector<std::string>{"pi4", "pi3b_rom", "ipxe", "linux"}));
  PendingHosts later;
  later.restore(pending.list());
  EXPECT_EQ(later.list(), pending.list());
  EXPECT_THAT(later.take_changes(), IsEmpty());
}

}  // namespace
}  // namespace piman::manager
