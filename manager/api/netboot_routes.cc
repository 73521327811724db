// SPDX-License-Identifier: Apache-2.0
#include "manager/api/netboot_routes.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "common/text.h"
#include "manager/api/boot_json.h"
#include "manager/api/json.h"
#include "manager/api/listing_json.h"
#include "manager/fleet/hosts_file.h"
#include "manager/fleet/inventory.h"
#include "netboot/hosts.h"

namespace piman::manager {
namespace {

using http::Request;
using http::Response;

using api::api_error;
using api::json_response;

std::string_view policy_word(Config::Dhcp::Unknown policy) {
  if (policy == Config::Dhcp::Unknown::kPool) return "pool";
  return policy == Config::Dhcp::Unknown::kIgnore ? "ignore" : "pending";
}

std::vector<Ipv4Address> own_addresses() {
  ::ifaddrs* list = nullptr;
  std::vector<Ipv4Address> addresses;
  if (::getifaddrs(&list) != 0) return addresses;
  for (const ::ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET) continue;
    ::sockaddr_in address{};
    std::memcpy(&address, each->ifa_addr, sizeof address);
    addresses.emplace_back(ntohl(address.sin_addr.s_addr));
  }
  ::freeifaddrs(list);
  return addresses;
}

class NetbootRoutes {
 public:
  explicit NetbootRoutes(NetbootApiContext context) : context_(std::move(context)) {}

  Response boots(const Request& request) const {
    const auto machine = find_machine(request.path_parameter("name"));
    if (!machine) return api_error(404, "not_found", machine.error().message);
    return json_response(200, api::boots_json({machine->name, machine->mac, now(), machine->boots}));
  }

  Response pending(const Request&) const {
    const std::string policy(policy_word(context_.config.dhcp.unknown_hosts));
    return json_response(200, api::pending_json({policy, now(), context_.recorder.pending()}));
  }

  Response leases(const Request&) const {
    const auto leases = context_.store.load();
    if (!leases) {
      return api_error(503, "unavailable", concat("the leases can't be read: ", leases.error().message));
    }
    std::unordered_map<MacAddress, std::string, netboot::HashMac> names;
    const auto fleet = context_.fleet.snapshot();  // which lives as long as it is looked at
    for (const auto& node : fleet->nodes) names.emplace(node->host.mac, node->host.name);
    const auto node_of = [&names](const MacAddress& mac) {
      const auto found = names.find(mac);
      return found == names.end() ? std::string() : found->second;
    };
    return json_response(200, api::leases_json(*leases, node_of, now()));
  }

  /// One machine with `node=`, or else every node of the inventory that has a problem.
  Response doctor(const Request& request) const {
    const ServiceFacts service = service_facts();
    std::vector<api::MachineFindings> findings;
    if (const auto names = http::query_values(request.query, "node"); !names.empty()) {
      const auto machine = find_machine(names.back());
      if (!machine) return api_error(404, "not_found", machine.error().message);
      findings.push_back({machine->name, diagnose(service, *machine)});
      return json_response(200, api::findings_json(findings));
    }
    const auto fleet = context_.fleet.snapshot();
    for (const auto& node : fleet->nodes) {
      const MachineFacts machine = facts_of(*node);
      api::MachineFindings one{machine.name, diagnose(service, machine)};
      const bool has_problem = std::any_of(one.findings.begin(), one.findings.end(), [](const Finding& finding) {
        return finding.severity == Severity::kProblem;
      });
      if (has_problem) findings.push_back(std::move(one));
    }
    for (const PendingHost& host : context_.recorder.pending()) {
      const MachineFacts machine = facts_of(host);
      findings.push_back({machine.name, diagnose(service, machine)});
    }
    return json_response(200, api::findings_json(findings));
  }

  Response accept(const Request& request) {
    if (auto refused = context_.guard.refuse(request)) return std::move(*refused);
    const auto wanted = api::parse_accept_json(request.body);
    if (!wanted) return api_error(400, "bad_data", wanted.error().message);
    const MutexLock lock(accepting_);  // one change of the file at a time
    const auto inventory = read_inventory(context_.config.inventory.hosts_file);
    if (!inventory) return api_error(409, "conflict", inventory.error().message);
    const auto address =
        wanted->address ? wanted->address : free_address(context_.config.dhcp, inventory->hosts, own_addresses());
    if (!address) {
      return api_error(400, "bad_data",
                       "no free address is known: name one, or set dhcp.subnets so that one can be found");
    }
    const Host host{wanted->name, *address, wanted->mac};
    if (!is_host_name(host.name))
      return api_error(400, "bad_data", concat("name: ", quote(host.name), " is no host name"));
    if (auto appended = append_host(context_.config.inventory.hosts_file, host); !appended) {
      return api_error(409, "conflict", appended.error().message);
    }
    if (context_.accepted) context_.accepted(host.mac);
    context_.log.info("host accepted", {{"node", host.name},
                                        {"mac", host.mac.to_string()},
                                        {"address", host.address.to_string()},
                                        {"by", context_.guard.who(request, {})}});
    const auto at = std::chrono::duration_cast<std::chrono::milliseconds>(now().time_since_epoch());
    context_.store.append(
        {at.count(), "accepted", host.name,
         concat(host.mac.to_string(), " with ", host.address.to_string(), ", by ", context_.guard.who(request, {}))});
    if (auto loaded = context_.reload_inventory(); !loaded) {
      return api_error(500, "internal", concat("the host stands in the inventory file, but: ", loaded.error().message));
    }
    return json_response(201, api::accepted_json({host.name, host.mac.to_string(), host.address.to_string()}));
  }

 private:
  static WallTime now() { return std::chrono::system_clock::now(); }

  ServiceFacts service_facts() const {
    ServiceFacts facts;
    facts.netboot_enabled = context_.config.netboot.enabled;
    facts.is_proxy = context_.config.dhcp.mode == Config::Dhcp::Mode::kProxy;
    facts.unknown_policy = policy_word(context_.config.dhcp.unknown_hosts);
    facts.store_error = context_.store.stats().error;
    return facts;
  }

  MachineFacts facts_of(const NodeState& node) const {
    MachineFacts facts;
    facts.name = node.host.name;
    facts.mac = node.host.mac;
    facts.in_inventory = true;
    facts.is_up = node.phase == Phase::kUp;
    facts.boots = context_.recorder.boots_of(node.host.mac);
    facts.now = now();
    return facts;
  }
  MachineFacts facts_of(const PendingHost& host) const {
    MachineFacts facts;
    facts.name = host.mac.to_string();
    facts.mac = host.mac;
    facts.pending = host;
    facts.boots = context_.recorder.boots_of(host.mac);
    facts.now = now();
    return facts;
  }

  /// A node by its name, or any machine by its hardware address.
  Result<MachineFacts> find_machine(std::string_view name) const {
    if (const auto node = context_.fleet.find(name)) return facts_of(*node);
    const auto mac = MacAddress::parse(name);
    if (!mac) return fail(concat("no node ", quote(name), " in the inventory"));
    const auto fleet = context_.fleet.snapshot();
    for (const auto& node : fleet->nodes) {
      if (node->host.mac == *mac) return facts_of(*node);
    }
    if (const auto host = context_.recorder.find_pending(*mac)) return facts_of(*host);
    MachineFacts facts;
    facts.name = mac->to_string();
    facts.mac = *mac;
    facts.boots = context_.recorder.boots_of(*mac);
    facts.now = now();
    return facts;
  }

  const NetbootApiContext context_;
  Mutex accepting_;
};

}  // namespace

std::optional<Ipv4Address> free_address(const Config::Dhcp& dhcp, std::span<const Host> hosts,
                                        std::span<const Ipv4Address> own) {
  if (dhcp.subnets.empty()) return std::nullopt;
  const Ipv4Network& subnet = dhcp.subnets.front();
  std::unordered_set<Ipv4Address, netboot::HashAddress> taken(dhcp.routers.begin(), dhcp.routers.end());
  taken.insert(dhcp.server_address);
  taken.insert(own.begin(), own.end());
  taken.insert(dhcp.name_servers.begin(), dhcp.name_servers.end());
  Ipv4Address highest = subnet.first();
  for (const Host& host : hosts) {
    taken.insert(host.address);
    if (subnet.contains(host.address)) highest = std::max(highest, host.address);
  }
  const auto first_free = [&](std::uint64_t from, std::uint64_t to) -> std::optional<Ipv4Address> {
    for (std::uint64_t value = from; value <= to; ++value) {
      const Ipv4Address address(static_cast<std::uint32_t>(value));
      const auto pool = std::find_if(dhcp.pools.begin(), dhcp.pools.end(),
                                     [&](const Ipv4Range& range) { return range.contains(address); });
      if (pool != dhcp.pools.end()) {
        value = pool->last.value();
      } else if (subnet.has_host(address) && !taken.contains(address)) {
        return address;
      }
    }
    return std::nullopt;
  };
  const auto above = first_free(std::uint64_t{highest.value()} + 1, subnet.last().value());
  return above ? above : first_free(subnet.first().value(), highest.value());
}

void add_netboot_routes(http::Router& router, const NetbootApiContext& context) {
  const auto routes = std::make_shared<NetbootRoutes>(context);
  router.add("GET", "/api/v1/nodes/{name}/boots", [routes](const Request& request) { return routes->boots(request); });
  router.add("GET", "/api/v1/hosts/pending", [routes](const Request& request) { return routes->pending(request); });
  router.add("POST", "/api/v1/hosts", [routes](const Request& request) { return routes->accept(request); });
  router.add("GET", "/api/v1/leases", [routes](const Request& request) { return routes->leases(request); });
  router.add("GET", "/api/v1/doctor", [routes](const Request& request) { return routes->doctor(request); });
}

}  // namespace piman::manager
