// SPDX-License-Identifier: Apache-2.0
#include "manager/config_switches.h"

#include <array>
#include <map>
#include <set>

#include "common/text.h"
#include "manager/config_values.h"
#include "manager/fleet/inventory.h"

namespace piman::manager {
namespace {

using power::SwitchConfig;
using Kind = SwitchConfig::Kind;
using Version = SwitchConfig::Version;
using In = std::string_view;

constexpr std::size_t kMostSwitches = 256;
constexpr std::uint64_t kMostPoePort = 65'535;
constexpr std::uint64_t kMostVlan = 4094;
constexpr std::size_t kMostUserBytes = 32;                   // RFC 3414, usmUserName
constexpr std::chrono::milliseconds kMostSnmpTimeout{1500};  // the manager stops within 2 s

template <class Choice>
using Word = std::pair<std::string_view, Choice>;
constexpr std::array<Word<Kind>, 3> kKinds = {
    {{"snmp", Kind::kSnmp}, {"command", Kind::kCommand}, {"none", Kind::kNone}}};
constexpr std::array<Word<Version>, 3> kVersions = {{{"1", Version::kV1}, {"2c", Version::kV2c}, {"3", Version::kV3}}};

Result<void> set_name(std::string& out, In text) {
  if (!is_host_name(text)) return fail(concat(quote(text), " is no name: A-Z a-z 0-9 . _ -"));
  out = text;
  return {};
}
Result<void> set_user(std::string& out, In text) {
  if (text.empty() || text.size() > kMostUserBytes) return fail(concat(quote(text), " is not 1 to 32 bytes long"));
  out = text;
  return {};
}
Result<void> set_agent(HostPort& out, In text) {
  const auto plain = Ipv4Address::parse(text);
  const auto with_port = HostPort::parse(text);
  if (plain) {
    out = HostPort{plain->to_string(), 161, false};
  } else if (with_port && with_port->port != 0 && Ipv4Address::parse(with_port->host)) {
    out = *with_port;
  } else {
    return fail(concat(quote(text), " is no IPv4 address, with or without a port"));
  }
  return {};
}

struct SwitchKey {
  std::string_view name, type, fallback, help;
  Result<void> (*set)(SwitchConfig& config, In text);
};

// clang-format off
constexpr std::array<SwitchKey, 14> kKeys = {{
    {"name", "name", "must be set", "In messages and in the journal.",
     [](SwitchConfig& c, In t) { return set_name(c.name, t); }},
    {"kind", "snmp, command or none", "`snmp`", "How it is switched: PoE by SNMP, an operator's script, or not at all.",
     [](SwitchConfig& c, In t) { return set_choice(c.kind, t, kKinds); }},
    {"address", "IPv4 address, or address:port", "must be set for snmp", "Its SNMP agent; the port is 161 when not said.",
     [](SwitchConfig& c, In t) { return set_agent(c.address, t); }},
    {"version", "1, 2c or 3", "`2c`", "Of SNMP. 3 authenticates by SHA-256 and encrypts by AES-128.",
     [](SwitchConfig& c, In t) { return set_choice(c.version, t, kVersions); }},
    {"community_file", "path", "must be set for 1 and 2c", "Its first line is the community. No other user may read it.",
     [](SwitchConfig& c, In t) { return set_file(c.community_file, t); }},
    {"user", "text, 1 to 32 bytes", "must be set for 3", "The user's name.",
     [](SwitchConfig& c, In t) { return set_user(c.user, t); }},
    {"auth_key_file", "path", "must be set for 3", "Its first line is the pass phrase for authentication.",
     [](SwitchConfig& c, In t) { return set_file(c.auth_key_file, t); }},
    {"priv_key_file", "path", "none", "Its first line is the pass phrase for encryption; without, nothing is encrypted.",
     [](SwitchConfig& c, In t) { return set_file(c.priv_key_file, t); }},
    {"vlan", "whole number, 1 to 4094", "none", "Appended to the community as `@VLAN`: how some Cisco switches index their tables.",
     [](SwitchConfig& c, In t) { return set_number(c.vlan, t, 1, kMostVlan); }},
    {"group", "whole number, 1 to 65535", "`1`", "The group of PoE ports, as the switch numbers them: its module or its place in the stack.",
     [](SwitchConfig& c, In t) { return set_number(c.group, t, 1, kMostPoePort); }},
    {"timeout", "duration, 100ms to 1500ms for snmp, to 1m for command", "`1s`", "Of one try by SNMP, or of the script.",
     [](SwitchConfig& c, In t) { return set_duration(c.timeout, t, std::chrono::milliseconds(100), std::chrono::milliseconds(60'000)); }},
    {"retries", "whole number, 0 to 5", "`2`", "How often SNMP asks again.",
     [](SwitchConfig& c, In t) { return set_number(c.retries, t, 0, 5); }},
    {"start_watts", "whole number, 1 to 10000", "any", "What nodes that start at the same time may draw together.",
     [](SwitchConfig& c, In t) { return set_number(c.start_watts, t, 1, 10'000); }},
    {"command", "path", "must be set for command", "The script. It gets three arguments: node, port, and `on` or `off`.",
     [](SwitchConfig& c, In t) { return set_file(c.command, t); }},
}};
// clang-format on

class SwitchesReader {
 public:
  SwitchesReader(power::PowerConfig& config, std::vector<ConfigProblem>& problems)
      : config_(config), problems_(problems) {}

  void read(const YamlNode& list) {
    if (list.kind == YamlNode::Kind::kNothing) return;
    if (list.kind != YamlNode::Kind::kList) return problem(list.line, "must be a list of switches, each with a name");
    if (list.children.size() > kMostSwitches)
      return problem(list.line, concat("more than ", kMostSwitches, " switches"));
    for (const YamlNode& item : list.children) read_switch(item);
  }

 private:
  void problem(std::size_t line, const std::string& message) {
    problems_.push_back({line, concat(kSwitchesKey, ": ", message)});
  }

  void read_switch(const YamlNode& item) {
    if (item.kind != YamlNode::Kind::kMap) return problem(item.line, "a switch must hold keys and values");
    SwitchConfig config;
    const std::size_t before = problems_.size();
    const auto lines = read_keys(
        item, [this](std::size_t line, const std::string& message) { problem(line, message); },
        [&](const YamlNode& key, const YamlNode& value) {
          if (key.text == "ports") return read_ports(value, config);
          read_key(key, value, config);
        });
    if (problems_.size() == before) check(item, config, lines);
    config_.switches.push_back(std::move(config));
  }

  void read_key(const YamlNode& key, const YamlNode& value, SwitchConfig& config) {
    for (const SwitchKey& known : kKeys) {
      if (known.name != key.text) continue;
      if (value.kind != YamlNode::Kind::kScalar) {
        return problem(value.line, concat(known.name, ": must be one value (", known.type, ")"));
      }
      if (const auto set = known.set(config, value.text); !set) {
        problem(value.line, concat(known.name, ": ", set.error().message));
      }
      return;
    }
    problem(key.line, concat("unknown key ", quote(key.text)));
  }

  void read_ports(const YamlNode& map, SwitchConfig& config) {
    if (map.kind != YamlNode::Kind::kMap) return problem(map.line, "ports: must hold lines like pi7: 12");
    std::set<std::uint64_t> ports;
    for (std::size_t i = 0; i + 1 < map.children.size(); i += 2) {
      const YamlNode& node = map.children[i];
      const YamlNode& value = map.children[i + 1];
      if (node.kind != YamlNode::Kind::kScalar || !is_host_name(node.text)) {
        problem(node.line, concat("ports: ", quote(node.text), " is no node's name"));
        continue;
      }
      const auto port = value.kind == YamlNode::Kind::kScalar ? parse_count(value.text, 1, kMostPoePort)
                                                              : Result<std::uint64_t>(fail("must be one number"));
      if (!port) {
        problem(value.line, concat("ports: ", node.text, ": ", port.error().message));
      } else if (!ports.insert(*port).second) {
        // Else one node's trouble cuts the power of another.
        problem(value.line, concat("ports: two nodes have port ", *port));
      } else if (!nodes_.insert(node.text).second) {
        problem(node.line, concat("ports: ", node.text, " has a port already"));
      } else {
        config.ports.emplace(node.text, static_cast<std::uint32_t>(*port));
      }
    }
  }

  /// What no key can say alone.
  void check(const YamlNode& item, const SwitchConfig& config, const std::map<std::string, std::size_t>& lines) {
    const auto need = [&](std::string_view key, std::string_view why) {
      if (!lines.contains(std::string(key))) problem(item.line, concat(key, " must be set", why));
    };
    need("name", "");
    if (!config.name.empty() && !names_.insert(config.name).second) {
      problem(item.line, concat("two switches are called ", config.name));
    }
    if (config.kind == Kind::kCommand) need("command", " for kind command");
    if (config.kind != Kind::kSnmp) return;
    need("address", " for kind snmp");
    if (config.version == Version::kV3) {
      need("user", " for version 3");
      need("auth_key_file", " for version 3");
      if (config.vlan != 0) problem(item.line, "vlan is part of a community, and version 3 has none");
    } else {
      need("community_file", " for versions 1 and 2c");
    }
    if (config.timeout > kMostSnmpTimeout) {
      problem(item.line, concat("timeout: ", format_duration(config.timeout), " is longer than 1500ms"));
    }
  }

  power::PowerConfig& config_;
  std::vector<ConfigProblem>& problems_;
  std::set<std::string> names_, nodes_;
};

}  // namespace

void read_switches(const YamlNode& list, power::PowerConfig& config, std::vector<ConfigProblem>& problems) {
  SwitchesReader(config, problems).read(list);
}

std::string render_switches_reference() {
  std::string out =
      "\n## The switches of power\n\n`power.switches` is a list. Each switch has these keys, and `ports`: the nodes "
      "that "
      "hang on it\nand their ports. A node hangs on one switch, and a port has one node.\n\n"
      "| key | value | default | what it does |\n|---|---|---|---|\n";
  for (const SwitchKey& key : kKeys) {
    out += concat("| `", key.name, "` | ", key.type, " | ", key.fallback, " | ", key.help, " |\n");
  }
  return out +
         "\n    power:\n"
         "      armed: true\n"
         "      switches:\n"
         "        - name: rack1\n"
         "          address: 192.0.2.10\n"
         "          community_file: rack1.community\n"
         "          ports:\n"
         "            pi1: 1\n"
         "            pi2: 2\n";
}

}  // namespace piman::manager
