// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/service_discovery.h"

#include <algorithm>

#include "common/text.h"

namespace piman::manager {
namespace {

/// "https://host:port/prefix" in the parts that Prometheus wants apart.
struct UrlParts {
  std::string_view scheme;
  std::string address;  ///< always with a port
  std::string_view path_prefix;
};

/// REQUIRES: `url` is what external_url() returns.
UrlParts split_url(std::string_view url) {
  UrlParts parts;
  parts.scheme = url.substr(0, url.find(':'));
  url.remove_prefix(std::min(url.size(), parts.scheme.size() + 3));
  const std::string_view host = url.substr(0, url.find('/'));
  parts.path_prefix = url.substr(host.size());
  const std::size_t colon = host.rfind(':');
  const bool has_port = colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
  parts.address = has_port ? std::string(host) : concat(host, parts.scheme == "https" ? ":443" : ":80");
  return parts;
}

}  // namespace

std::vector<DiscoveredTarget> discover_targets(const FleetSnapshot& snapshot, const Config& config,
                                               std::string_view request_host) {
  const std::string url = external_url(config, request_host);
  const UrlParts parts = split_url(url);
  std::vector<const NodeState*> nodes;
  nodes.reserve(snapshot.nodes.size());
  for (const auto& node : snapshot.nodes) nodes.push_back(node.get());
  std::sort(nodes.begin(), nodes.end(), [](const auto* a, const auto* b) { return a->host.name < b->host.name; });

  std::vector<DiscoveredTarget> targets;
  targets.reserve(nodes.size());
  for (const NodeState* const node : nodes) {
    const Host& host = node->host;
    targets.push_back({parts.address,
                       {{"__meta_piman_address", host.address.to_string()},
                        {"__meta_piman_mac", host.mac.to_string()},
                        {"__meta_piman_phase", std::string(to_string(node->phase))},
                        {"__metrics_path__", concat(parts.path_prefix, "/nodes/", host.name, "/metrics")},
                        {"__scheme__", std::string(parts.scheme)},
                        {"__scrape_interval__", format_duration(config.scrape.interval)},
                        {"__scrape_timeout__", format_duration(config.scrape.timeout)},
                        {"instance", host.name},
                        {"node", host.name},
                        {"site", config.site}}});
  }
  return targets;
}

}  // namespace piman::manager
