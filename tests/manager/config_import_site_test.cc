// SPDX-License-Identifier: Apache-2.0
#include "manager/config_import_site.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/text.h"
#include "manager/config.h"

namespace piman::manager {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

Ipv4Address ip(std::string_view text) { return *Ipv4Address::parse(text); }

const std::vector<Host> kHosts = {{"pi2", ip("172.30.4.2"), *MacAddress::parse("b8:27:eb:00:00:02")},
                                  {"true", ip("172.30.4.10"), *MacAddress::parse("b8:27:eb:00:00:0a")}};

constexpr const char* kOld =
    "private_number: 4\n"
    "server_address: 172.30.4.1\n"
    "subnet_mask: 255.255.255.0\n"
    "interface: eth1\n"
    "switch_count: 1\n"
    "switches:\n"
    "  - switch_address: 172.30.4.254\n"
    "    pi_addresses:\n"
    "      - 172.30.4.2\n"
    "      - 172.30.4.10\n"
    "dns_domain: lab.example.org\n"
    "dns_servers: 10.0.0.53,10.0.1.53\n";

Config loaded(const ImportedSite& imported) {
  const ParsedConfig parsed = parse_config(imported.yaml, "/etc/piman");
  EXPECT_THAT(parsed.problems, IsEmpty()) << imported.yaml;
  for (const ConfigProblem& each : parsed.problems) ADD_FAILURE() << each.to_string("piman.yml");
  return parsed.config;
}

TEST(ImportSite, AnOldFileBecomesTheSameNetworkAndSwitches) {
  const ImportedSite imported = import_site(kOld, kHosts);
  EXPECT_THAT(imported.problems, IsEmpty());
  const Config config = loaded(imported);
  EXPECT_TRUE(config.netboot.enabled);
  EXPECT_THAT(config.netboot.interfaces, ElementsAre("eth1"));
  EXPECT_EQ(config.dhcp.mode, Config::Dhcp::Mode::kAuthoritative);
  ASSERT_EQ(config.dhcp.subnets.size(), 1U);
  EXPECT_EQ(config.dhcp.subnets[0].to_string(), "172.30.4.0/24");
  EXPECT_THAT(config.dhcp.routers, ElementsAre(ip("172.30.4.1")));
  EXPECT_THAT(config.dhcp.name_servers, ElementsAre(ip("10.0.0.53"), ip("10.0.1.53")));
  EXPECT_EQ(config.dhcp.domain, "lab.example.org");
  EXPECT_FALSE(config.power.armed) << "that somebody imported a file is no order to switch anything";
  ASSERT_EQ(config.power.switches.size(), 1U);
  const power::SwitchConfig& first = config.power.switches[0];
  EXPECT_EQ(first.address.host, "172.30.4.254");
  EXPECT_EQ(first.version, power::SwitchConfig::Version::kV1);
  EXPECT_EQ(first.vlan, 4U);
  EXPECT_THAT(first.ports, ElementsAre(Pair("pi2", 2), Pair("true", 10)));
  EXPECT_TRUE(imported.has_switches);
  EXPECT_EQ(first.community_file, "/etc/piman/switch.community");
}

TEST(ImportSite, WithoutTheOptionalKeys) {
  const ImportedSite imported =
      import_site("server_address: 10.0.0.1\nsubnet_mask: 255.255.0.0\ninterface: eth0\n", {});
  EXPECT_THAT(imported.problems, IsEmpty());
  const Config config = loaded(imported);
  EXPECT_EQ(config.dhcp.subnets.at(0).to_string(), "10.0.0.0/16");
  EXPECT_THAT(config.dhcp.name_servers, ElementsAre(ip("8.8.8.8"))) << "as nodes were told before";
  EXPECT_FALSE(imported.has_switches);
  EXPECT_EQ(import_site("", {}).yaml, "");
  EXPECT_THAT(import_site("", {}).problems, IsEmpty());
}

TEST(ImportSite, WhatIsNotUnderstoodIsNamedWithItsLine) {
  const ImportedSite imported = import_site(
      "private_number: 5000\nserver_address: here\nsubnet_mask: 255.0.255.0\ninterface: eth0\nswitch_count: 2\n"
      "switches:\n  - switch_address: 172.30.4.254\n    pi_addresses:\n      - 172.30.4.2\n    color: red\n  - "
      "pi_addresses: []\n"
      "colour: blue\ninterface: eth1\n",
      kHosts);
  const Config config = loaded(imported);
  EXPECT_FALSE(config.netboot.enabled);
  ASSERT_EQ(config.power.switches.size(), 1U);
  EXPECT_THAT(config.power.switches[0].ports, IsEmpty());
  for (const char* words :
       {"line 1: private_number: \"5000\" is no VLAN", "line 2: server_address: \"here\" is no IPv4 address",
        "line 3: subnet_mask: \"255.0.255.0\" is no mask", "line 9: pi_addresses: 172.30.4.2 says no port",
        "line 10: switches: unknown key \"color\"", "line 11: switches: one without switch_address",
        "line 12: unknown key \"colour\"", "line 13: \"interface\" is set twice",
        "line 1: server_address and subnet_mask"}) {
    EXPECT_THAT(imported.problems, Contains(HasSubstr(words)));
  }
}

TEST(ImportSite, NodesAndPorts) {
  const ImportedSite imported = import_site(
      "private_number: 4\nswitch_count: 1\nswitches:\n- switch_address: 172.30.4.254\n  pi_addresses: [172.30.4.2, "
      "172.30.4.2, "
      "172.30.5.7, 172.30.4.9, x]\n- switch_address: 172.30.4.253\n  pi_addresses: [172.30.4.2]\n",
      kHosts);
  EXPECT_THAT(loaded(imported).power.switches.at(0).ports, ElementsAre(Pair("pi2", 2)));
  for (const char* words :
       {"switch_count is 1, and there are 2", "172.30.5.7 says no port: those of the switch are 172.30.4.PORT",
        "no host of hosts.csv has 172.30.4.9", "\"x\" is no IPv4", "pi2 hangs on another switch already"}) {
    EXPECT_THAT(imported.problems, Contains(HasSubstr(words)));
  }
}

TEST(ImportSite, WhatYamlCanBeUsedFor) {
  EXPECT_THAT(import_site("a: &x 1\nb: *x\n", {}).problems, Contains(HasSubstr("anchors")));
  EXPECT_THAT(import_site("- 1\n", {}).problems, ElementsAre("line 1: no keys with values"));
  EXPECT_THAT(import_site(std::string(2000, '['), {}).problems, Contains(HasSubstr("levels deep")));
  EXPECT_THAT(import_site(std::string(kMostSiteBytes + 1, '#'), {}).problems, Contains(HasSubstr("longer than")));
  const ImportedSite quoted =
      import_site("server_address: 10.0.0.1\nsubnet_mask: 255.255.255.0\ninterface: \"e\\\"\\n  mode: off\"\n", {});
  EXPECT_FALSE(loaded(quoted).netboot.enabled) << "no key gets in through a value";
  std::string many = "private_number: 4\nswitches:\n";
  for (int i = 0; i < 100; ++i) many += concat("- switch_address: 10.0.0.", i + 1, "\n");
  EXPECT_EQ(loaded(import_site(many, {})).power.switches.size(), 64U);
}

TEST(ImportSite, EveryTruncationIsTakenOrSaid) {
  const std::string whole = kOld;
  for (std::size_t size = 0; size <= whole.size(); ++size) (void)loaded(import_site(whole.substr(0, size), kHosts));
}

}  // namespace
}  // namespace piman::manager
