// SPDX-License-Identifier: Apache-2.0
#include "manager/config_switches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manager/power_command.h"

namespace piman::manager {
namespace {

using power::SwitchConfig;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> problems_of(std::string_view yaml) {
  std::vector<std::string> out;
  for (const ConfigProblem& problem : parse_config(yaml, "/etc/piman").problems) out.push_back(problem.to_string("f"));
  return out;
}

TEST(ConfigSwitches, reads_all_kinds) {
  const ParsedConfig parsed = parse_config(
      "power:\n  armed: true\n  switches:\n"
      "    - {name: rack1, address: 192.0.2.10, version: 1, community_file: c1, vlan: 7, group: 2, ports: {pi1: 1, "
      "pi2: 2}}\n"
      "    - {name: rack2, address: \"192.0.2.11:1161\", version: 3, user: boss, auth_key_file: /k/a, priv_key_file: "
      "p}\n"
      "    - {name: plugs, kind: command, command: bin/plug, timeout: 30s, ports: {pi3: 1}}\n"
      "    - {name: shelf, kind: none, ports: {pi4: 1}}\n",
      "/etc/piman");
  ASSERT_THAT(parsed.problems, IsEmpty());
  const auto& power = parsed.config.power;
  ASSERT_EQ(power.switches.size(), 4U);
  EXPECT_TRUE(power.armed);
  EXPECT_EQ(power.switches[0].community_file, "/etc/piman/c1");
  EXPECT_EQ(power.switches[0].version, SwitchConfig::Version::kV1);
  EXPECT_EQ(power.switches[0].group, 2U);
  EXPECT_EQ(power.switches[1].address.port, 1161);
  EXPECT_EQ(power.switches[1].auth_key_file, "/k/a");
  EXPECT_EQ(power.switches[2].command, "/etc/piman/bin/plug");
  EXPECT_EQ(power.switch_of("pi2"), &power.switches[0]);
  EXPECT_EQ(power.switch_of("pi9"), nullptr);
}

TEST(ConfigSwitches, every_problem_has_its_line) {
  EXPECT_THAT(
      problems_of("power:\n"
                  "  switches:\n"
                  "    - name: a\n"
                  "      adress: 192.0.2.1\n"
                  "      group: 0\n"
                  "      group: 1\n"
                  "    - name: b\n"
                  "      address: switch.example\n"
                  "      ports:\n"
                  "        pi1: 1\n"
                  "        pi2: 1\n"
                  "        pi3: x\n"
                  "    - {name: c, address: 192.0.2.3}\n"),
      ElementsAre(HasSubstr("f:4: power.switches: unknown key \"adress\""), HasSubstr("f:5: power.switches: group: "),
                  HasSubstr("f:6: power.switches: \"group\" is set twice"),
                  HasSubstr("f:8: power.switches: address: \"switch.example\""),
                  HasSubstr("f:11: power.switches: ports: two nodes have port 1"),
                  HasSubstr("f:12: power.switches: ports: pi3: "),
                  HasSubstr("f:13: power.switches: community_file must be set")));
}

TEST(ConfigSwitches, what_does_not_go_together) {
  const std::string start = "power: {switches: [{name: a, kind: none, ports: {pi1: 1}}, ";
  EXPECT_THAT(problems_of(start + "{name: a, kind: none}]}"), ElementsAre(HasSubstr("two switches are called a")));
  EXPECT_THAT(problems_of(start + "{name: b, kind: none, ports: {pi1: 2}}]}"),
              ElementsAre(HasSubstr("has a port already")));
  EXPECT_THAT(problems_of(start + "{name: b, kind: command}]}"), ElementsAre(HasSubstr("command must be set")));
  EXPECT_THAT(problems_of(start + "{name: b, address: 192.0.2.1, version: 3, user: u}]}"),
              ElementsAre(HasSubstr("auth_key_file must be set")));
  EXPECT_THAT(problems_of(start + "{name: b, address: 192.0.2.1, community_file: c, timeout: 5s}]}"),
              ElementsAre(HasSubstr("longer than 1500ms")));
  EXPECT_THAT(problems_of("power: {switches: {name: a}}"), ElementsAre(HasSubstr("must be a list")));
}

TEST(PowerMap, nodes_alone_on_a_port_go_into_the_file) {
  const auto mac = [](const char* text) { return *MacAddress::parse(text); };
  const std::vector<Host> hosts = {{"pi1", Ipv4Address(1), mac("02:00:00:00:00:01")},
                                   {"pi2", Ipv4Address(2), mac("02:00:00:00:00:02")}};
  const auto rows = map_rows("rack",
                             {{mac("02:00:00:00:00:01"), 7, std::nullopt},
                              {mac("02:00:00:00:00:02"), 24, std::nullopt},
                              {mac("02:00:00:00:00:09"), 24, std::nullopt}},
                             hosts);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].node, "pi1");
  EXPECT_EQ(rows[1].on_the_port, 2U);
  EXPECT_EQ(rows[2].node, "");
  const std::string yaml = render_map_yaml(rows);
  EXPECT_THAT(yaml, HasSubstr("# rack\nports:\n  pi1: 7\n"));
  EXPECT_THAT(yaml, ::testing::Not(HasSubstr("pi2")));
}

}  // namespace
}  // namespace piman::manager
