// SPDX-License-Identifier: Apache-2.0
#include "manager/config_import_site.h"

#include <algorithm>
#include <bit>
#include <map>
#include <optional>
#include <set>

#include "common/net_types.h"
#include "common/text.h"
#include "manager/config.h"
#include "manager/config_reader.h"
#include "manager/ipv4_range.h"

namespace piman::manager {
namespace {

constexpr std::size_t kMostSwitches = 64;
constexpr std::size_t kMostNodes = 256;  // behind one switch: a port is the last number of an address
constexpr std::uint64_t kMostVlan = 4094;
constexpr std::string_view kSeedNameServer = "8.8.8.8";

std::string shown(const YamlNode& node) { return node.kind == YamlNode::Kind::kScalar ? quote(node.text) : "this"; }

class SiteImport {
 public:
  explicit SiteImport(std::span<const Host> hosts) {
    for (const Host& host : hosts) names_.emplace(host.address, host.name);
  }

  ImportedSite run(std::string_view text) {
    if (text.size() > kMostSiteBytes) {
      problem(1, concat("longer than ", kMostSiteBytes, " bytes"));
      return std::move(result_);
    }
    std::vector<ConfigProblem> broken;
    const YamlNode root = parse_yaml(text, broken);
    for (const ConfigProblem& each : broken) problem(each.line, each.message);
    if (!broken.empty()) return std::move(result_);
    if (root.kind == YamlNode::Kind::kNothing) return std::move(result_);
    if (root.kind != YamlNode::Kind::kMap) {
      problem(root.line, "no keys with values");
      return std::move(result_);
    }
    std::set<std::string> seen;
    for (std::size_t i = 0; i + 1 < root.children.size(); i += 2) {
      const YamlNode& key = root.children[i];
      if (!seen.insert(key.text).second) {
        problem(key.line, concat(quote(key.text), " is set twice: this one was left out"));
        continue;
      }
      read(key, root.children[i + 1]);
    }
    write_netboot();
    write_switches();
    return std::move(result_);
  }

 private:
  void problem(std::size_t line, const std::string& words) {
    result_.problems.push_back(concat("line ", std::max<std::size_t>(line, 1), ": ", printable_of(words)));
  }
  /// What yaml-cpp quotes may hold any byte.
  static std::string printable_of(const std::string& words) {
    std::string out;
    for (const char c : words) out += c >= ' ' && c < '\x7f' ? c : '?';
    return out;
  }

  std::optional<Ipv4Address> address_of(std::string_view key, const YamlNode& value) {
    const auto address = value.kind == YamlNode::Kind::kScalar ? Ipv4Address::parse(value.text) : std::nullopt;
    if (!address) problem(value.line, concat(key, ": ", shown(value), " is no IPv4 address"));
    return address;
  }

  void read(const YamlNode& key, const YamlNode& value) {
    const bool is_scalar = value.kind == YamlNode::Kind::kScalar;
    if (key.kind == YamlNode::Kind::kScalar && value.kind == YamlNode::Kind::kNothing) return;  // said nothing
    if (key.text == "private_number") {
      const auto number = is_scalar ? parse_u64(value.text) : std::nullopt;
      if (number && *number >= 1 && *number <= kMostVlan) vlan_ = *number;
      if (!vlan_) problem(value.line, concat("private_number: ", shown(value), " is no VLAN, 1 to ", kMostVlan));
    } else if (key.text == "server_address") {
      server_ = address_of(key.text, value);
    } else if (key.text == "subnet_mask") {
      if (const auto mask = address_of(key.text, value)) read_mask(value, *mask);
    } else if (key.text == "interface") {
      interface_ = value.text;
      interface_line_ = value.line;
    } else if (key.text == "switch_count") {
      count_ = is_scalar ? parse_u64(value.text) : std::nullopt;
      count_line_ = value.line;
      if (!count_) problem(value.line, concat("switch_count: ", shown(value), " is no number"));
    } else if (key.text == "switches") {
      switches_ = value;
    } else if (key.text == "dns_domain") {
      domain_ = value.text;
      domain_line_ = value.line;
    } else if (key.text == "dns_servers") {
      name_servers_ = value.kind == YamlNode::Kind::kList ? listed(value) : value.text;
      name_servers_line_ = value.line;
    } else {
      problem(key.line, concat("unknown key ", quote(key.text)));
    }
  }

  static std::string listed(const YamlNode& list) {
    std::string out;
    for (const YamlNode& item : list.children) out += concat(out.empty() ? "" : ", ", item.text);
    return out;
  }

  void read_mask(const YamlNode& value, Ipv4Address mask) {
    const int length = std::popcount(mask.value());
    if (length == 0 || std::countl_one(mask.value()) != length) {
      return problem(value.line, concat("subnet_mask: ", quote(value.text), " is no mask like 255.255.255.0"));
    }
    prefix_length_ = static_cast<std::uint8_t>(length);
  }

  /// Appends when what comes of it is still a configuration; else it is said why not.
  bool append(const std::string& lines, std::size_t line) {
    const ParsedConfig parsed = parse_config(result_.yaml + lines, "/");
    if (parsed.problems.empty()) {
      result_.yaml += lines;
      return true;
    }
    problem(line, parsed.problems.front().message);
    return false;
  }

  void write_netboot() {
    if (server_ && prefix_length_) {
      const Ipv4Network own{*server_, *prefix_length_};
      // The server is the nodes' router and asks that resolver for them, as it always was.
      if (append(concat("dhcp:\n  subnets: \"", Ipv4Network{own.first(), own.prefix_length}.to_string(), "\"\n"), 1)) {
        append(concat("  routers: \"", server_->to_string(), "\"\n"), 1);
        if (name_servers_.empty() || !append_text("name_servers", name_servers_, name_servers_line_)) {
          append(concat("  name_servers: \"", kSeedNameServer, "\"\n"), 1);
        }
        if (!domain_.empty()) append_text("domain", domain_, domain_line_);
        if (!interface_.empty()) {
          append(concat("netboot:\n  enabled: true\n  interfaces: ", quoted(interface_), '\n'), interface_line_);
        } else {
          problem(1, "interface is missing: netboot stays off");
        }
      }
    } else if (server_ || prefix_length_ || !interface_.empty()) {
      problem(1, "server_address and subnet_mask are needed together: netboot stays off");
    }
  }

  bool append_text(std::string_view key, const std::string& value, std::size_t line) {
    return append(concat("  ", key, ": ", quoted(value), '\n'), line);
  }

  static std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? '?' : c;
    }
    return out + '"';
  }

  void write_switches() {
    if (switches_.kind == YamlNode::Kind::kNothing) return;
    if (switches_.kind != YamlNode::Kind::kList) return problem(switches_.line, "switches: no list");
    if (count_ && *count_ != switches_.children.size()) {
      problem(count_line_,
              concat("switch_count is ", *count_, ", and there are ", switches_.children.size(), " switches"));
    }
    std::string lines =
        "power:\n"
        "  armed: false    # nothing is switched until this is true: first compare what \"piman power map\" says of "
        "the ports\n"
        "  switches:\n";
    std::size_t number = 0;
    for (const YamlNode& item : switches_.children) {
      if (number == kMostSwitches) {
        problem(item.line, concat("switches: more than ", kMostSwitches, ": the rest was left out"));
        break;
      }
      const std::string one = switch_of(item, number + 1);
      if (one.empty() || !append(concat(number == 0 ? lines : "", one), item.line)) continue;
      ++number;
      result_.has_switches = true;
    }
  }

  std::string switch_of(const YamlNode& item, std::size_t number) {
    if (item.kind != YamlNode::Kind::kMap) {
      problem(item.line, "switches: a switch has switch_address and pi_addresses");
      return {};
    }
    std::optional<Ipv4Address> address;
    YamlNode nodes;
    for (std::size_t i = 0; i + 1 < item.children.size(); i += 2) {
      const YamlNode& key = item.children[i];
      const YamlNode& value = item.children[i + 1];
      if (key.text == "switch_address") {
        address = address_of(key.text, value);
      } else if (key.text == "pi_addresses") {
        nodes = value;
      } else {
        problem(key.line, concat("switches: unknown key ", quote(key.text)));
      }
    }
    if (!address) {
      problem(item.line, "switches: one without switch_address was left out");
      return {};
    }
    std::string lines = concat("    - name: switch", number, "\n      address: ", address->to_string(),
                               "\n      version: 1\n      community_file: ", kSwitchCommunityFile, '\n');
    if (vlan_) lines += concat("      vlan: ", *vlan_, '\n');
    return lines + ports_of(nodes, *address);
  }

  /// A port is the last number of its node's address: A.B of the switch, the private number, the port.
  std::string ports_of(const YamlNode& nodes, Ipv4Address at) {
    if (nodes.kind != YamlNode::Kind::kList && nodes.kind != YamlNode::Kind::kNothing) {
      problem(nodes.line, "pi_addresses: no list");
    }
    if (nodes.children.size() > kMostNodes) {
      problem(nodes.line, concat("pi_addresses: more than ", kMostNodes, ": left out"));
      return {};
    }
    std::string lines;
    std::set<Ipv4Address> here;
    for (const YamlNode& item : nodes.children) {
      const auto address = address_of("pi_addresses", item);
      if (!address || !here.insert(*address).second) continue;
      const std::uint32_t port = address->value() & 0xFFU;
      const std::uint32_t expected =
          (at.value() & 0xFFFF'0000U) | static_cast<std::uint32_t>(vlan_.value_or(0)) << 8U | port;
      const auto name = names_.find(*address);
      if (!vlan_ || address->value() != expected || port == 0) {
        problem(item.line, concat("pi_addresses: ", address->to_string(), " says no port: those of the switch are ",
                                  at.value() >> 24U, '.', at.value() >> 16U & 0xFFU, '.',
                                  vlan_ ? concat(*vlan_) : "VLAN", ".PORT"));
      } else if (name == names_.end()) {
        problem(item.line, concat("pi_addresses: no host of hosts.csv has ", address->to_string()));
      } else if (!placed_.insert(name->second).second) {
        problem(item.line, concat("pi_addresses: ", name->second, " hangs on another switch already"));
      } else {
        lines += concat("        ", quoted(name->second), ": ", port, '\n');
      }
    }
    return lines.empty() ? lines : "      ports:\n" + lines;
  }

  std::map<Ipv4Address, std::string> names_;
  std::set<std::string> placed_;
  std::optional<std::uint64_t> vlan_, count_;
  std::optional<Ipv4Address> server_;
  std::optional<std::uint8_t> prefix_length_;
  std::string interface_, domain_, name_servers_;
  std::size_t interface_line_ = 0, domain_line_ = 0, name_servers_line_ = 0, count_line_ = 0;
  YamlNode switches_;
  ImportedSite result_;
};

}  // namespace

ImportedSite import_site(std::string_view yaml, std::span<const Host> hosts) { return SiteImport(hosts).run(yaml); }

}  // namespace piman::manager
