// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "netboot/dhcp/responder.h"
#include "tests/netboot/dhcp/wire.h"

/// A responder at 10.0.0.1/24 with four nodes in the inventory, and what clients send to it.
namespace piman::netboot::dhcp {

inline ResponderConfig sample_config() {
  ResponderConfig config;
  Subnet subnet;
  subnet.network = ip("10.0.0.0");
  subnet.router = ip("10.0.0.254");
  subnet.name_servers = {ip("10.0.0.2"), ip("10.0.0.3")};
  subnet.domain = "pis.example";
  subnet.pool = AddressRange{ip("10.0.0.100"), ip("10.0.0.109")};
  Subnet far = subnet;
  far.network = ip("10.1.0.0");
  far.router = ip("10.1.0.1");
  far.pool = AddressRange{ip("10.1.0.100"), ip("10.1.0.109")};
  config.subnets = {subnet, far};
  config.probe_addresses = false;
  config.boot_files.bios = "undionly.kpxe";
  config.boot_files.uefi_x64 = "ipxe.efi";
  config.boot_files.ipxe = "http://10.0.0.1/boot.ipxe";
  config.boot_files.u_boot = "boot.scr.uimg";
  return config;
}

inline std::shared_ptr<const HostTable> sample_hosts() {
  return std::make_shared<const HostTable>(std::vector<Host>{
      {mac("b8:27:eb:12:34:56"), ip("10.0.0.11"), "three-b", "", ""},
      {mac("b8:27:eb:6c:4c:16"), ip("10.0.0.12"), "three-b-plus", "", ""},
      {mac("dc:a6:32:b0:23:c3"), ip("10.0.0.13"), "four", "", ""},
      {mac("2c:cf:67:01:02:03"), ip("10.1.0.14"), "five", "", ""},
  });
}

class ResponderTest : public ::testing::Test {
 protected:
  void make(const ResponderConfig& config) {
    ASSERT_TRUE(check(config)) << check(config).error().message;
    responder = std::make_unique<Responder>(config, std::vector<Ipv4Address>{ip("10.0.0.1")});
    responder->set_hosts(sample_hosts());
  }
  void SetUp() override { make(sample_config()); }

  const Decision& send(const Wire& wire, Arrival arrival = {ip("10.0.0.1"), Ipv4Address(), false}) {
    Packet packet;
    EXPECT_TRUE(decode(wire, packet));
    responder->handle(packet, arrival, now, decision);
    if (decision.sent) {
      // What is decided can be sent, and be read as it was meant.
      Wire bytes;
      EXPECT_EQ(encode(decision.reply, reply_limit(packet), bytes), 0U);
      EXPECT_TRUE(decode(bytes, reply));
      EXPECT_EQ(reply, decision.reply);
      EXPECT_EQ(reply.xid, packet.xid);
      EXPECT_EQ(reply.chaddr, packet.chaddr);
      EXPECT_EQ(decision.drop, Drop::kNone);
    } else {
      EXPECT_NE(decision.drop, Drop::kNone);
    }
    return decision;
  }
  void pass(std::chrono::seconds time) {
    now.steady += time;
    now.wall += time;
  }

  /// A client's message with these options; the hex ends it.
  static Wire message(std::string_view chaddr, std::string_view options_hex, std::string_view ciaddr_hex = "") {
    Wire bytes = wire_header(0x55667788, mac(chaddr)) + from_hex(options_hex) + from_hex("ff");
    const Wire ciaddr = from_hex(ciaddr_hex);
    std::copy(ciaddr.begin(), ciaddr.end(), bytes.begin() + 12);
    return bytes;
  }

  std::unique_ptr<Responder> responder;
  Now now{SteadyTime(std::chrono::hours(1)), WallTime(std::chrono::hours(500'000))};
  Decision decision;
  Packet reply;
};

inline constexpr std::string_view kStranger = "02:00:00:00:00:99";
inline constexpr std::string_view kFour = "dc:a6:32:b0:23:c3";

}  // namespace piman::netboot::dhcp
