// SPDX-License-Identifier: Apache-2.0
#include "manager/init/socket_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/text.h"

namespace piman::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Mode = Config::Dhcp::Mode;

constexpr std::string_view kTcp =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 31337 1 "
    "0000000000000000\n"
    "   1: 0100007F:1F90 0100007F:C0DE 01 00000000:00000000 00:00000000 00000000  1000        0 31338 1 "
    "0000000000000000\n";
constexpr std::string_view kUdp6 =
    "  sl  local_address                         remote_address                        st tx_queue rx_queue tr "
    "tm->when "
    "retrnsmt   uid  timeout inode ref pointer drops\n"
    "  12: 00000000000000000000000000000000:0045 00000000000000000000000000000000:0000 07 00000000:00000000 "
    "00:00000000 "
    "00000000     0        0 4711 2 0000000000000000 0\n";

TEST(SocketTable, WhoWaitsAtWhichPort) {
  EXPECT_THAT(parse_socket_table(kTcp, Transport::kTcp), ElementsAre(BoundSocket{8080, 31337}));
  EXPECT_THAT(parse_socket_table(kUdp6, Transport::kUdp), ElementsAre(BoundSocket{69, 4711}));
}

TEST(SocketTable, WhatIsNoLineOfItIsLeftOut) {
  for (std::size_t size = 0; size < kUdp6.size(); ++size) {
    for (const BoundSocket& each : parse_socket_table(kUdp6.substr(0, size), Transport::kUdp)) EXPECT_EQ(each.port, 69);
  }
  EXPECT_THAT(
      parse_socket_table("1: :FFFFF x 07 a b c d e 1\n2: 00:ZZ x 07 a b c d e 1\n3: 00:45 x 07 a b c d e x\n\n\n",
                         Transport::kUdp),
      IsEmpty());
}

std::vector<std::string> ports_of(const Config& config) {
  std::vector<std::string> words;
  for (const WantedPort& each : wanted_ports(config)) {
    words.push_back(concat(to_text(each.transport), ' ', each.where.port, ' ', each.interface));
  }
  return words;
}

TEST(WantedPorts, OfWhatTheConfigurationTurnsOn) {
  Config config;
  EXPECT_THAT(ports_of(config), ElementsAre("tcp 8080 "));
  config.netboot.enabled = true;
  config.netboot.interfaces = {"eth1"};
  EXPECT_THAT(ports_of(config),
              ElementsAre("udp 67 eth1", "udp 69 eth1", "tcp 3333 eth1", "tcp 4444 eth1", "udp 6666 ", "tcp 8080 "));
  config.dhcp.mode = Mode::kProxy;
  config.tftp.enabled = config.install.enabled = false;
  config.netboot.console_port = 0;
  config.http_boot.listen_address = *HostPort::parse(":80");
  EXPECT_THAT(ports_of(config), ElementsAre("udp 67 eth1", "udp 4011 eth1", "tcp 80 ", "tcp 8080 "));
  config.dhcp.mode = Mode::kOff;
  EXPECT_THAT(ports_of(config), ElementsAre("tcp 80 ", "tcp 8080 "));
}

}  // namespace
}  // namespace piman::manager
