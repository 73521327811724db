// SPDX-License-Identifier: Apache-2.0
#include "manager/config_checks.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "common/text.h"
#include "manager/config_agents.h"

namespace piman::manager {
namespace {

/// netboot keeps a pool in memory address by address.
constexpr std::uint64_t kMostPoolAddresses = 65'536;

void check_scrape(const Config::Scrape& scrape, const ReportTogether& report) {
  if (scrape.timeout > scrape.interval) {
    report({"scrape.timeout", "scrape.interval"},
           concat("scrape.timeout: ", format_duration(scrape.timeout), " is longer than scrape.interval ",
                  format_duration(scrape.interval)));
  }
  if (scrape.max_backoff < scrape.interval) {
    report({"scrape.max_backoff", "scrape.interval"},
           concat("scrape.max_backoff: ", format_duration(scrape.max_backoff), " is shorter than scrape.interval ",
                  format_duration(scrape.interval)));
  }
}

void check_pools(const Config::Dhcp& dhcp, const ReportTogether& report) {
  const auto problem = [&report](const std::string& words) {
    report({"dhcp.pools", "dhcp.subnets"}, concat("dhcp.pools: ", words));
  };
  for (std::size_t i = 0; i < dhcp.pools.size(); ++i) {
    const Ipv4Range& pool = dhcp.pools[i];
    const Ipv4Network* subnet = dhcp.subnet_of(pool.first);
    if (subnet == nullptr) {
      problem(concat(pool.to_string(), " is in none of dhcp.subnets"));
      continue;
    }
    if (!subnet->has_host(pool.first) || !subnet->has_host(pool.last)) {
      problem(concat(pool.to_string(), " is not wholly inside of ", subnet->to_string(), " and its hosts"));
    } else if (pool.size() > kMostPoolAddresses) {
      problem(concat(pool.to_string(), " has more than ", kMostPoolAddresses, " addresses"));
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (dhcp.subnet_of(dhcp.pools[j].first) == subnet) {
        problem(concat(pool.to_string(), " is the second one in ", subnet->to_string()));
      }
    }
  }
}

void check_routers(const Config::Dhcp& dhcp, const ReportTogether& report) {
  const auto problem = [&report](const std::string& words) {
    report({"dhcp.routers", "dhcp.subnets", "dhcp.pools"}, concat("dhcp.routers: ", words));
  };
  for (std::size_t i = 0; i < dhcp.routers.size(); ++i) {
    const Ipv4Address router = dhcp.routers[i];
    const Ipv4Network* subnet = dhcp.subnet_of(router);
    if (subnet == nullptr || !subnet->has_host(router)) {
      problem(concat(router.to_string(), " is a host in none of dhcp.subnets"));
      continue;
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (dhcp.subnet_of(dhcp.routers[j]) == subnet) {
        problem(concat(router.to_string(), " is the second one in ", subnet->to_string()));
      }
    }
  }
}

void check_dhcp(const Config& config, const ReportTogether& report) {
  using Mode = Config::Dhcp::Mode;
  const Config::Dhcp& dhcp = config.dhcp;
  for (std::size_t i = 0; i < dhcp.subnets.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (dhcp.subnets[i].overlaps(dhcp.subnets[j])) {
        report({"dhcp.subnets"},
               concat("dhcp.subnets: ", dhcp.subnets[i].to_string(), " overlaps ", dhcp.subnets[j].to_string()));
      }
    }
  }
  check_pools(dhcp, report);
  check_routers(dhcp, report);
  const bool gives_addresses = dhcp.mode == Mode::kAuthoritative || dhcp.mode == Mode::kServer;
  if (gives_addresses && dhcp.unknown_hosts == Config::Dhcp::Unknown::kPool && dhcp.pools.empty()) {
    report({"dhcp.unknown_hosts", "dhcp.pools"}, "dhcp.unknown_hosts: pool needs dhcp.pools");
  }
  if (!config.netboot.enabled) return;
  if (gives_addresses && dhcp.subnets.empty()) {
    report({"dhcp.mode", "netboot.enabled", "dhcp.subnets"},
           "dhcp.subnets: must be set to give addresses; dhcp.mode: proxy or off needs none");
  }
  if (dhcp.mode == Mode::kProxy && dhcp.port == dhcp.proxy_port) {
    report({"dhcp.proxy_port", "dhcp.port"}, concat("dhcp.proxy_port: ", dhcp.proxy_port, " is dhcp.port, too"));
  }
  if (dhcp.mode != Mode::kOff && config.tftp.enabled && config.tftp.port == dhcp.port) {
    report({"tftp.port", "dhcp.port"}, concat("tftp.port: ", config.tftp.port, " is dhcp.port, too"));
  }
}

}  // namespace

const Ipv4Network* Config::Dhcp::subnet_of(Ipv4Address address) const {
  const auto found =
      std::find_if(subnets.begin(), subnets.end(), [&](const Ipv4Network& subnet) { return subnet.contains(address); });
  return found == subnets.end() ? nullptr : &*found;
}

void check_config(const Config& config, const ReportTogether& report) {
  check_agents(config.agents, report);
  check_scrape(config.scrape, report);
  check_dhcp(config, report);
  if (config.install.hello_port == config.install.image_port) {
    report({"install.image_port", "install.hello_port"},
           concat("install.image_port: ", config.install.image_port, " is install.hello_port, too"));
  }
  if (!config.agents.ca_dir.empty() && config.netboot.enabled && config.install.enabled &&
      config.http_boot.listen_address.port == 0) {
    report({"agents.ca_dir", "http_boot.listen_address"},
           "agents.ca_dir: nodes ask for certificates at http_boot.listen_address, which is not set");
  }
  if (config.netboot.enabled && config.netboot.interfaces.empty()) {
    report({"netboot.enabled", "netboot.interfaces"}, "netboot.interfaces: must be set to boot nodes");
  }
}

}  // namespace piman::manager
