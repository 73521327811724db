// SPDX-License-Identifier: Apache-2.0
#include "manager/init/plan.h"

#include <algorithm>

#include "common/check.h"
#include "common/text.h"
#include "manager/config_keys.h"

namespace piman::manager {
namespace {

constexpr std::string_view kPackageFolder = "/etc/piman/";
constexpr std::string_view kPackageState = "/var/lib/piman";

/// As YAML holds any text in one line. What the keys take has no control characters.
std::string yaml_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

void add_line(std::string& out, std::string_view key, std::string_view value) {
  if (!value.empty()) out += concat("  ", key, ": ", yaml_text(value), '\n');
}

bool can_boot_nodes(const WireFacts& wire) { return wire.is_hardware && wire.is_up && !wire.addresses.empty(); }

}  // namespace

InitPlaces init_places(std::string_view config_file, std::string_view state) {
  if (state.empty() && config_file.starts_with(kPackageFolder) &&
      config_file.find('/', kPackageFolder.size()) == std::string_view::npos) {
    return {concat(kPackageState, "/hosts.csv"), std::string(kPackageState), concat(kPackageState, "/boot"),
            concat(kPackageState, "/images")};
  }
  if (state.empty()) return {};
  if (state.size() > 1 && state.back() == '/') state.remove_suffix(1);
  return {concat(state, "/hosts.csv"), concat(state, "/state"), concat(state, "/boot"), concat(state, "/images")};
}

Result<void> check_value(std::string_view key, std::string_view value) {
  // No key says so of every text.
  if (std::any_of(value.begin(), value.end(),
                  [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; })) {
    return fail(concat(quote(value), " has control characters"));
  }
  const auto keys = config_keys();
  const auto found =
      std::find_if(keys.begin(), keys.end(), [key](const ConfigKey& each) { return each.full_name() == key; });
  PIMAN_CHECK(found != keys.end());
  Config scratch;
  return found->set(scratch, value);
}

const WireFacts* likely_wire(std::span<const WireFacts> wires) {
  const WireFacts* found = nullptr;
  std::size_t fitting = 0, inner = 0;
  for (const WireFacts& wire : wires) {
    if (!can_boot_nodes(wire)) continue;
    ++fitting;
    if (!wire.leads_out) ++inner;
    if (found == nullptr || (found->leads_out && !wire.leads_out)) found = &wire;
  }
  return fitting == 1 || inner == 1 ? found : nullptr;
}

const netboot::dhcp::OtherServer* WireSearch::address_server() const {
  const auto found = std::find_if(servers.begin(), servers.end(),
                                  [](const netboot::dhcp::OtherServer& each) { return each.gives_addresses(); });
  return found == servers.end() ? nullptr : &*found;
}

std::optional<std::string> fitting_mode(const WireSearch& search) {
  if (!search.looked) return std::nullopt;
  return search.address_server() != nullptr ? "proxy" : "authoritative";
}

bool gives_addresses(std::string_view mode) { return mode == "authoritative" || mode == "server"; }

std::optional<std::string> fitting_subnet(const WireFacts& wire) {
  if (wire.addresses.empty()) return std::nullopt;
  const Ipv4Network& own = wire.addresses.front();
  return Ipv4Network{own.first(), own.prefix_length}.to_string();
}

std::string fitting_site(std::string_view host_name) {
  std::string site(host_name.substr(0, host_name.find('.')));
  return check_value("site", site) ? site : Config().site;
}

std::string render_init_config(const InitAnswers& answers, const InitPlaces& places) {
  std::string out =
      "# Made by \"piman init\". What every key does: \"piman config reference\".\n"
      "# After a change: \"piman config check\" with --config.file, then start the server anew.\n\n";
  out += concat("site: ", yaml_text(answers.site), "\n\nweb:\n");
  out += "  # Everybody who reaches this address can read the fleet's state.\n";
  add_line(out, "listen_address", answers.listen_address);
  out += "\ninventory:\n";
  add_line(out, "hosts_file", places.hosts_file);
  out += "\nstore:\n";
  add_line(out, "folder", places.store);
  const bool boots = answers.interface != kNoInterface;
  out += concat("\nnetboot:\n  enabled: ", boots ? "true" : "false", '\n');
  if (boots) add_line(out, "interfaces", answers.interface);
  add_line(out, "root", places.boot);
  if (boots) {
    out += "\ndhcp:\n";
    add_line(out, "mode", answers.mode);
    add_line(out, "subnets", answers.subnets);
    add_line(out, "routers", answers.routers);
    add_line(out, "pools", answers.pools);
    // A pool that nobody gets an address of would be of no use.
    if (!answers.pools.empty()) add_line(out, "unknown_hosts", "pool");
  }
  out += "\ninstall:\n";
  add_line(out, "images", places.images);
  return out;
}

std::string_view init_hosts_header() { return "# MAC;IPv4;name;last_used\n"; }

}  // namespace piman::manager
