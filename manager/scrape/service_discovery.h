// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "manager/config.h"
#include "manager/fleet/fleet.h"

/// What the manager tells Prometheus to scrape: each node through the manager, so that one address has to be reachable
/// and `up` still stands for the node. Pure; the values of HTTP service discovery without their JSON.
/// Source: prometheus.io/docs/prometheus/latest/http_sd
namespace piman::manager {

/// One target group with one target.
struct DiscoveredTarget {
  std::string address;                                      ///< "HOST:PORT" of the manager
  std::vector<std::pair<std::string, std::string>> labels;  ///< sorted by name
};

/// All nodes, sorted by name. `request_host` as in external_url().
std::vector<DiscoveredTarget> discover_targets(const FleetSnapshot& snapshot, const Config& config,
                                               std::string_view request_host);

}  // namespace piman::manager
