// SPDX-License-Identifier: Apache-2.0
#include "manager/init/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace piman::manager {
namespace {

using netboot::dhcp::OtherServer;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Mode = Config::Dhcp::Mode;

Ipv4Address ip(std::string_view text) { return *Ipv4Address::parse(text); }

Config booting(Mode mode) {
  Config config;
  config.netboot.enabled = true;
  config.netboot.interfaces = {"eth1"};
  config.dhcp.mode = mode;
  config.dhcp.subnets = {*Ipv4Network::parse("172.30.4.0/24")};
  return config;
}

CheckResult result_of(Mode mode, const WireSearch& search) { return check_servers(booting(mode), search).result; }

TEST(CheckServers, EachModeWithAndWithoutAnother) {
  const WireSearch nobody{true, {}, {}};
  const WireSearch other{true, {}, {OtherServer{ip("10.0.0.1"), ip("10.0.0.50"), false}}};
  const WireSearch boot{true, {}, {OtherServer{ip("10.0.0.2"), {}, true}}};
  EXPECT_EQ(result_of(Mode::kAuthoritative, nobody), CheckResult::kGood);
  EXPECT_EQ(result_of(Mode::kAuthoritative, other), CheckResult::kProblem);
  EXPECT_EQ(result_of(Mode::kServer, other), CheckResult::kProblem);
  EXPECT_EQ(result_of(Mode::kProxy, other), CheckResult::kGood);
  EXPECT_EQ(result_of(Mode::kProxy, nobody), CheckResult::kProblem);
  EXPECT_EQ(result_of(Mode::kOff, nobody), CheckResult::kNote);
  EXPECT_EQ(result_of(Mode::kOff, other), CheckResult::kGood);
  EXPECT_EQ(result_of(Mode::kOff, boot), CheckResult::kNote) << "that is what it is for, then";
  for (const Mode mode : {Mode::kAuthoritative, Mode::kServer, Mode::kProxy}) {
    EXPECT_EQ(result_of(mode, boot), CheckResult::kProblem);
    EXPECT_THAT(check_servers(booting(mode), boot).words, HasSubstr("10.0.0.2"));
  }
  EXPECT_THAT(check_servers(booting(Mode::kProxy), other).words, HasSubstr("10.0.0.1 (offers 10.0.0.50)"));
  const InitCheck unseen = check_servers(booting(Mode::kProxy), {false, "Operation not permitted", {}});
  EXPECT_EQ(unseen.result, CheckResult::kNote);
  EXPECT_THAT(unseen.words, HasSubstr("Operation not permitted"));
}

TEST(CheckWires, WhatAnInterfaceLacks) {
  const Config config = booting(Mode::kAuthoritative);
  WireFacts good{"eth1", true, true, true, false, {*Ipv4Network::parse("172.30.4.1/24")}};
  const auto check = [&config](const WireFacts& wire) { return check_wires(config, {wire}).at(0); };
  EXPECT_EQ(check(good).result, CheckResult::kGood);
  EXPECT_EQ(check(good).words, "172.30.4.1/24");
  WireFacts wire = good;
  wire.has_carrier = false;
  EXPECT_EQ(check(wire).result, CheckResult::kNote);
  wire = good;
  wire.is_up = false;
  EXPECT_THAT(check(wire).words, HasSubstr("ip link set eth1 up"));
  wire = good;
  wire.addresses.clear();
  EXPECT_THAT(check(wire).words, HasSubstr("ip address add 172.30.4.1/24 dev eth1"));
  wire.addresses = {*Ipv4Network::parse("10.0.0.1/24")};
  EXPECT_THAT(check(wire).words, HasSubstr("in none of dhcp.subnets"));
  wire.name = "eth2";
  EXPECT_THAT(check(wire).words, HasSubstr("no such Ethernet interface"));
  for (const auto& each : {check(wire)}) EXPECT_EQ(each.result, CheckResult::kProblem);
  EXPECT_THAT(check_wires(Config(), {good}), IsEmpty()) << "no node boots from here";
  wire = good;
  wire.addresses = {*Ipv4Network::parse("10.0.0.1/24")};
  EXPECT_EQ(check_wires(booting(Mode::kProxy), {wire}).at(0).result, CheckResult::kGood);
}

TEST(CheckPorts, EachState) {
  const std::vector<WantedPort> wanted(5, {Transport::kUdp, {{}, 67, false}, "eth1", "DHCP"});
  const std::vector<PortFacts> facts = {{PortState::kFree, {}, {}, false},
                                        {PortState::kInUse, {}, {"dnsmasq (process 8)"}, false},
                                        {PortState::kInUse, {}, {"piman (process 9)"}, true},
                                        {PortState::kNotAllowed, {}, {}, false},
                                        {PortState::kOther, "no such address", {}, false}};
  const auto checks = check_ports(wanted, facts);
  ASSERT_EQ(checks.size(), 5U);
  EXPECT_THAT(checks, Each(Field(&InitCheck::subject, "udp 67, DHCP")));
  std::vector<CheckResult> results;
  for (const InitCheck& each : checks) results.push_back(each.result);
  EXPECT_THAT(results, ElementsAre(CheckResult::kGood, CheckResult::kProblem, CheckResult::kNote, CheckResult::kNote,
                                   CheckResult::kProblem));
  EXPECT_EQ(checks[1].words, "in use by dnsmasq (process 8)");
  EXPECT_THAT(checks[4].words, HasSubstr("no such address"));
}

TEST(InitReport, IsATableOrAnObject) {
  InitReport report;
  report.config_file = "piman.yml";
  report.hosts_file = "hosts.csv";
  report.checks = {{CheckResult::kProblem, "eth1", "is \x1b[31m down"}};
  report.next = next_steps(booting(Mode::kProxy), "piman.yml");
  EXPECT_TRUE(report.has_problems());
  EXPECT_THAT(render_report(report, false), HasSubstr("Nothing was written."));
  report.is_written = true;
  report.kept_as = "piman.yml.old";
  const std::string text = render_report(report, false);
  EXPECT_THAT(text, HasSubstr("problem  eth1"));
  EXPECT_THAT(text, HasSubstr("the former one is piman.yml.old"));
  EXPECT_THAT(text, HasSubstr("2. sudo piman server --config.file=piman.yml"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(render_report(report, true), HasSubstr("\x1b[31mproblem"));
  const auto json = nlohmann::json::parse(report_json(report, "site: \"\xFF\"\n"), nullptr, false);
  ASSERT_FALSE(json.is_discarded());
  EXPECT_EQ(json["checks"][0]["result"], "problem");
  EXPECT_EQ(json["kept_as"], "piman.yml.old");
  EXPECT_EQ(json["next"].size(), 3U);
}

TEST(NextSteps, ForThePackageAndForWhoOnlyWatches) {
  EXPECT_THAT(next_steps(booting(Mode::kProxy), "/etc/piman/piman.yml").at(1), HasSubstr("systemctl restart piman"));
  const auto watching = next_steps(Config(), "piman.yml");
  EXPECT_THAT(watching.at(0), HasSubstr("piman hosts add"));
  EXPECT_EQ(watching.at(1), "piman server --config.file=piman.yml");
}

}  // namespace
}  // namespace piman::manager
