// SPDX-License-Identifier: Apache-2.0
#include "manager/init/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "manager/fleet/inventory.h"

namespace piman::manager {
namespace {

using netboot::dhcp::OtherServer;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Mode = Config::Dhcp::Mode;

Ipv4Address ip(std::string_view text) { return *Ipv4Address::parse(text); }

InitAnswers good_answers() {
  InitAnswers answers;
  answers.site = "classroom";
  answers.interface = "eth1";
  answers.mode = "authoritative";
  answers.subnets = "172.30.4.0/24";
  answers.listen_address = "127.0.0.1:8080";
  return answers;
}

/// As the real loader takes it.
Config loaded(const InitAnswers& answers, const InitPlaces& places = {}) {
  const std::string yaml = render_init_config(answers, places);
  const ParsedConfig parsed = parse_config(yaml, "/etc/piman");
  EXPECT_THAT(parsed.problems, IsEmpty()) << yaml;
  for (const ConfigProblem& problem : parsed.problems) ADD_FAILURE() << problem.to_string("piman.yml");
  return parsed.config;
}

WireFacts wire(const std::string& name, bool leads_out = false) {
  return {name, true, true, true, leads_out, {*Ipv4Network::parse("172.30.4.1/24")}};
}

TEST(RenderInitConfig, TheLoaderTakesWhatWasAnswered) {
  InitAnswers answers = good_answers();
  answers.routers = "172.30.4.254";
  answers.pools = "172.30.4.100-172.30.4.199";
  const Config config = loaded(answers);
  EXPECT_EQ(config.site, "classroom");
  EXPECT_TRUE(config.netboot.enabled);
  EXPECT_THAT(config.netboot.interfaces, ElementsAre("eth1"));
  EXPECT_EQ(config.dhcp.mode, Mode::kAuthoritative);
  ASSERT_EQ(config.dhcp.subnets.size(), 1U);
  EXPECT_EQ(config.dhcp.subnets[0].to_string(), "172.30.4.0/24");
  EXPECT_THAT(config.dhcp.routers, ElementsAre(ip("172.30.4.254")));
  ASSERT_EQ(config.dhcp.pools.size(), 1U);
  EXPECT_EQ(config.dhcp.unknown_hosts, Config::Dhcp::Unknown::kPool) << "a pool without anybody in it would be no use";
  EXPECT_EQ(config.inventory.hosts_file, "/etc/piman/hosts.csv");
  EXPECT_EQ(config.netboot.root, "/etc/piman/boot");
}

TEST(RenderInitConfig, EveryModeAndNone) {
  for (const std::string_view mode : {"authoritative", "server", "proxy", "off"}) {
    InitAnswers answers = good_answers();
    answers.mode = mode;
    if (!gives_addresses(mode)) answers.subnets = "";
    EXPECT_TRUE(loaded(answers).netboot.enabled) << mode;
  }
  InitAnswers answers = good_answers();
  answers.interface = std::string(kNoInterface);
  const Config config = loaded(answers);
  EXPECT_FALSE(config.netboot.enabled);
  EXPECT_THAT(config.netboot.interfaces, IsEmpty());
  answers = good_answers();
  answers.interface = "eth1, eth2";
  answers.listen_address = "[::1]:9";
  EXPECT_THAT(loaded(answers).netboot.interfaces, ElementsAre("eth1", "eth2"));
}

TEST(RenderInitConfig, WordsThatYamlReadsAsSomethingElse) {
  for (const std::string_view site : {"null", "true", "no", "1e3", "0x10", "007", "-", "a.b-c_d"}) {
    InitAnswers answers = good_answers();
    answers.site = site;
    ASSERT_TRUE(check_value("site", site)) << site;
    EXPECT_EQ(loaded(answers).site, site);
  }
  // Whatever the kernel takes as an interface's name, and whatever a folder is called.
  InitAnswers answers = good_answers();
  answers.interface = R"(a"b\c#d)";
  ASSERT_TRUE(check_value("netboot.interfaces", answers.interface));
  EXPECT_THAT(loaded(answers).netboot.interfaces, ElementsAre(answers.interface));
  EXPECT_EQ(loaded(good_answers(), init_places("piman.yml", R"(/srv/"pi\man": # 1)")).store.folder,
            R"(/srv/"pi\man": # 1/state)");
}

TEST(RenderInitConfig, WhatTheKeysRefuse) {
  EXPECT_FALSE(check_value("site", "class room"));
  EXPECT_FALSE(check_value("dhcp.mode", "yes"));
  EXPECT_FALSE(check_value("dhcp.subnets", "172.30.4.0"));
  EXPECT_FALSE(check_value("netboot.interfaces", "eth0\nx: 1"));
  EXPECT_FALSE(check_value("inventory.hosts_file", std::string_view("a\0b", 3)));
  EXPECT_FALSE(check_value("inventory.hosts_file", "a\nb"));
  EXPECT_FALSE(check_value("web.listen_address", "8080"));
}

TEST(InitPlaces, BesideTheFileInThePackagesFoldersOrWhereTold) {
  EXPECT_EQ(init_places("piman.yml", "").hosts_file, "hosts.csv");
  EXPECT_EQ(init_places("/etc/piman/piman.yml", "").hosts_file, "/var/lib/piman/hosts.csv");
  EXPECT_EQ(init_places("/etc/piman/piman.yml", "").store, "/var/lib/piman");
  EXPECT_EQ(init_places("/etc/piman/lab/piman.yml", "").hosts_file, "hosts.csv");
  EXPECT_EQ(init_places("/etc/piman/piman.yml", "/srv/").boot, "/srv/boot");
  EXPECT_EQ(init_places("piman.yml", "data").images, "data/images");
}

TEST(LikelyWire, OneThatCanBeToldFromTheOthers) {
  EXPECT_EQ(likely_wire({}), nullptr);
  const std::vector<WireFacts> one = {wire("eth0", true)};
  EXPECT_EQ(likely_wire(one), &one[0]);
  const std::vector<WireFacts> two = {wire("eth0", true), wire("eth1")};
  EXPECT_EQ(likely_wire(two), &two[1]) << "the one that does not lead out";
  const std::vector<WireFacts> three = {wire("eth0", true), wire("eth1"), wire("eth2")};
  EXPECT_EQ(likely_wire(three), nullptr) << "a guess could disturb somebody's network";
  std::vector<WireFacts> others = {wire("docker0"), wire("eth1"), wire("eth2"), wire("eth3")};
  others[0].is_hardware = false;
  others[2].addresses.clear();
  others[3].is_up = false;
  EXPECT_EQ(likely_wire(others), &others[1]);
}

TEST(FittingMode, ByWhoAnswers) {
  WireSearch search;
  EXPECT_FALSE(fitting_mode(search)) << "nobody looked";
  search.looked = true;
  EXPECT_EQ(fitting_mode(search), "authoritative");
  search.servers = {OtherServer{ip("10.0.0.2"), {}, true}};
  EXPECT_EQ(fitting_mode(search), "authoritative") << "it gives no addresses";
  search.servers.push_back(OtherServer{ip("10.0.0.1"), ip("10.0.0.50"), false});
  EXPECT_EQ(fitting_mode(search), "proxy");
}

TEST(Proposals, SubnetAndSite) {
  EXPECT_EQ(fitting_subnet(wire("eth1")), "172.30.4.0/24");
  WireFacts bare = wire("eth1");
  bare.addresses.clear();
  EXPECT_FALSE(fitting_subnet(bare));
  EXPECT_EQ(fitting_site("lab-1.example.org"), "lab-1");
  EXPECT_EQ(fitting_site(""), "default");
  EXPECT_EQ(fitting_site("K\xC3\xBC"
                         "che"),
            "default");
}

TEST(InitHostsHeader, IsAnEmptyInventory) {
  const ParsedInventory parsed = parse_hosts(init_hosts_header());
  EXPECT_THAT(parsed.hosts, IsEmpty());
  EXPECT_THAT(parsed.problems, IsEmpty());
}

}  // namespace
}  // namespace piman::manager
