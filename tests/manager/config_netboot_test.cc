// SPDX-License-Identifier: Apache-2.0
// The keys of the store and of netboot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/text.h"
#include "manager/config.h"

namespace piman::manager {
namespace {

using ::testing::IsEmpty;

std::string problems_of(const std::string& yaml) {
  std::string out;
  for (const ConfigProblem& problem : parse_config(yaml, "/etc/piman").problems) out += problem.to_string("f") + '\n';
  return out;
}

constexpr std::string_view kGood =
    "store: {folder: /var/lib/piman, survives_power_loss: false, journal_delay: 1m}\n"
    "netboot: {enabled: true, interfaces: \"eth0, eth1\", root: files/}\n"
    "dhcp:\n"
    "  mode: server\n"
    "  subnets: 10.0.0.0/24, 10.0.1.0/25\n"
    "  pools: 10.0.1.10-10.0.1.99\n"
    "  routers: 10.0.0.1,10.0.1.1\n"
    "  name_servers: 9.9.9.9\n"
    "  domain: lab.example\n"
    "  lease_time: 1h\n"
    "  unknown_hosts: pool\n"
    "  server_address: 10.0.0.2\n"
    "tftp: {prefix: \"boot/\", unknown_clients: refuse, max_block_size: 1024B, max_window: 8, default_image: "
    "bookworm}\n"
    "web: {changes_from: everywhere}\n";

TEST(NetbootConfig, reads_every_key) {
  const ParsedConfig parsed = parse_config(kGood, "/etc/piman");
  ASSERT_EQ(problems_of(std::string(kGood)), "");
  const Config& config = parsed.config;
  EXPECT_EQ(config.store.folder, "/var/lib/piman");
  EXPECT_FALSE(config.store.survives_power_loss);
  EXPECT_EQ(config.store.journal_delay, std::chrono::minutes(1));
  EXPECT_TRUE(config.netboot.enabled);
  EXPECT_EQ(config.netboot.interfaces, (std::vector<std::string>{"eth0", "eth1"}));
  EXPECT_EQ(config.netboot.root, "/etc/piman/files");
  EXPECT_EQ(config.dhcp.mode, Config::Dhcp::Mode::kServer);
  ASSERT_EQ(config.dhcp.subnets.size(), 2U);
  EXPECT_EQ(config.dhcp.subnets[1].to_string(), "10.0.1.0/25");
  EXPECT_EQ(config.dhcp.subnet_of(config.dhcp.pools.at(0).first), &config.dhcp.subnets[1]);
  EXPECT_EQ(config.dhcp.pools[0].size(), 90U);
  EXPECT_EQ(config.dhcp.routers.size(), 2U);
  EXPECT_EQ(config.dhcp.domain, "lab.example");
  EXPECT_EQ(config.dhcp.lease_time, std::chrono::hours(1));
  EXPECT_EQ(config.dhcp.unknown_hosts, Config::Dhcp::Unknown::kPool);
  EXPECT_EQ(config.dhcp.server_address.to_string(), "10.0.0.2");
  EXPECT_EQ(config.tftp.prefix, "boot/");
  EXPECT_EQ(config.tftp.unknown_clients, Config::Tftp::Unknown::kRefuse);
  EXPECT_EQ(config.tftp.max_block_bytes, 1024U);
  EXPECT_EQ(config.tftp.default_image, "bookworm");
  EXPECT_EQ(config.web.changes_from, Config::Web::ChangesFrom::kEverywhere);
}

TEST(NetbootConfig, is_off_by_default_and_then_needs_nothing) {
  EXPECT_FALSE(Config{}.netboot.enabled);
  EXPECT_EQ(problems_of("dhcp: {mode: proxy}\n"), "");
  EXPECT_EQ(problems_of("netboot: {enabled: true, interfaces: eth0}\ndhcp: {mode: proxy}\n"), "");
}

TEST(NetbootConfig, names_every_value_that_is_none) {
  EXPECT_EQ(problems_of("store: {folder: \"\", survives_power_loss: yes, journal_delay: 1h}\n"
                        "netboot:\n"
                        "  interfaces: eth0,,eth1\n"
                        "  console_port: 70000\n"
                        "dhcp:\n"
                        "  mode: autoritative\n"
                        "  subnets: 10.0.0.5/24\n"
                        "  pools: 10.0.0.9-10.0.0.5\n"
                        "  routers: 10.0.0\n"
                        "  domain: \"a b\"\n"
                        "  lease_time: 1s\n"
                        "tftp:\n"
                        "  default_image: ../x\n"
                        "  max_block_size: 9B\n"
                        "  unknown_clients: maybe\n"
                        "web:\n"
                        "  changes_from: localhost\n"),
            "f:1: store.folder: \"\" is no file name\n"
            "f:1: store.survives_power_loss: \"yes\" is not true or false\n"
            "f:1: store.journal_delay: 1h is not between 0s and 10m\n"
            "f:3: netboot.interfaces: a part between two commas is empty\n"
            "f:4: netboot.console_port: 70000 is not between 0 and 65535\n"
            "f:6: dhcp.mode: \"autoritative\" is none of authoritative, server, proxy, off\n"
            "f:7: dhcp.subnets: 10.0.0.5/24 names a host; its network is 10.0.0.0/24\n"
            "f:8: dhcp.pools: 10.0.0.9-10.0.0.5 ends before it begins\n"
            "f:9: dhcp.routers: \"10.0.0\" is no IPv4 address\n"
            "f:10: dhcp.domain: \"a b\" is no domain\n"
            "f:11: dhcp.lease_time: 1s is not between 1m and 365d\n"
            "f:13: tftp.default_image: \"../x\" is no name of a folder: A-Z a-z 0-9 . _ -\n"
            "f:14: tftp.max_block_size: 9B is not between 512B and 65464B\n"
            "f:15: tftp.unknown_clients: \"maybe\" is none of serve, refuse\n"
            "f:17: web.changes_from: \"localhost\" is none of loopback, everywhere\n");
}

TEST(NetbootConfig, bounds_the_servers_that_nodes_are_told_of) {
  const std::string eight = "9.9.9.1, 9.9.9.2, 9.9.9.3, 9.9.9.4, 9.9.9.5, 9.9.9.6, 9.9.9.7, 9.9.9.8";
  EXPECT_EQ(problems_of("dhcp:\n  name_servers: " + eight + "\n  time_servers: " + eight + "\n"), "");
  EXPECT_EQ(
      problems_of("dhcp:\n  name_servers: " + eight + ", 9.9.9.9, 9.9.9.10\n  time_servers: " + eight + ", 1.1.1.1\n"),
      "f:2: dhcp.name_servers: more than 8 addresses: 9.9.9.9 is one too many\n"
      "f:3: dhcp.time_servers: more than 8 addresses: 1.1.1.1 is one too many\n");
}

TEST(NetbootConfig, names_what_does_not_go_together) {
  EXPECT_EQ(problems_of("netboot:\n"
                        "  enabled: true\n"
                        "dhcp:\n"
                        "  subnets: 10.0.0.0/24, 10.0.0.128/25\n"
                        "tftp:\n"
                        "  port: 67\n"),
            "f:2: netboot.interfaces: must be set to boot nodes\n"
            "f:4: dhcp.subnets: 10.0.0.128/25 overlaps 10.0.0.0/24\n"
            "f:6: tftp.port: 67 is dhcp.port, too\n");
  EXPECT_EQ(problems_of("dhcp:\n"
                        "  unknown_hosts: pool\n"),
            "f:2: dhcp.unknown_hosts: pool needs dhcp.pools\n");
  EXPECT_EQ(problems_of("dhcp:\n"
                        "  subnets: 10.0.0.0/24, 10.0.1.0/24\n"
                        "  pools: 10.0.0.100-10.0.1.5, 10.0.0.0-10.0.0.9, 10.9.0.1-10.9.0.2\n"
                        "  routers: 10.0.0.1, 10.0.0.2, 10.0.1.255\n"),
            "f:3: dhcp.pools: 10.0.0.100-10.0.1.5 is not wholly inside of 10.0.0.0/24 and its hosts\n"
            "f:3: dhcp.pools: 10.0.0.0-10.0.0.9 is not wholly inside of 10.0.0.0/24 and its hosts\n"
            "f:3: dhcp.pools: 10.0.0.0-10.0.0.9 is the second one in 10.0.0.0/24\n"
            "f:3: dhcp.pools: 10.9.0.1-10.9.0.2 is in none of dhcp.subnets\n"
            "f:4: dhcp.routers: 10.0.0.2 is the second one in 10.0.0.0/24\n"
            "f:4: dhcp.routers: 10.0.1.255 is a host in none of dhcp.subnets\n");
  EXPECT_EQ(problems_of("netboot: {enabled: true, interfaces: eth0}\n"),
            "f:1: dhcp.subnets: must be set to give addresses; dhcp.mode: proxy or off needs none\n");
  // A value that can't be read is one problem, not two.
  EXPECT_EQ(problems_of("netboot: {enabled: true, interfaces: eth0}\ndhcp:\n  subnets: 10.0.0.0\n"),
            "f:3: dhcp.subnets: \"10.0.0.0\" is no network like 192.168.1.0/24\n");
}

TEST(Ipv4Network, knows_its_hosts) {
  const auto network = *Ipv4Network::parse("10.0.0.0/30");
  EXPECT_FALSE(network.has_host(*Ipv4Address::parse("10.0.0.0")));
  EXPECT_TRUE(network.has_host(*Ipv4Address::parse("10.0.0.1")));
  EXPECT_FALSE(network.has_host(*Ipv4Address::parse("10.0.0.3")));
  EXPECT_FALSE(network.contains(*Ipv4Address::parse("10.0.0.4")));
  EXPECT_TRUE(Ipv4Network::parse("10.0.0.1/32")->has_host(*Ipv4Address::parse("10.0.0.1")));
  for (const char* text :
       {"10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/0", "10.0.0.0/-1", "/24", "10.0.0.0/24 "}) {
    EXPECT_FALSE(Ipv4Network::parse(text)) << text;
  }
}

}  // namespace
}  // namespace piman::manager
