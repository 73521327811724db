// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/result.h"
#include "manager/config.h"
#include "manager/fleet/fleet.h"
#include "manager/fleet/inventory.h"
#include "manager/fleet/node.h"
#include "manager/fleet/selection.h"
#include "manager/scrape/service_discovery.h"

/// The API's JSON, both ways, and the only user of the JSON library in the manager. Everything here is pure. Answers
/// stand in an envelope as Prometheus's do: `{"status":"success","data":...}`.
/// Units: times are Unix seconds with milliseconds, durations seconds, loads percent, temperatures degrees Celsius.
/// What is not known is null, never left out.
namespace piman::manager::api {

/// What an answer says beside the fleet.
struct ServerFacts {
  const Config& config;
  WallTime started;
  WallTime now;
  std::string inventory_problem = {};  ///< why the hosts file is not the inventory; empty when it is
  std::string_view page = {};          ///< names the page's files: a browser with others loads itself anew
  LabelOf label_of = {};               ///< of nodes; may be none
};

/// The points to show for a node; no function: no history in the answer.
using HistoryOf = std::function<std::vector<HistoryPoint>(std::string_view name)>;

/// Which nodes to show; no function: all.
using NodeFilter = std::function<bool(const NodeState& node)>;

std::string nodes_json(const FleetSnapshot& fleet, const ServerFacts& facts, const HistoryOf& history_of,
                       const NodeFilter& wanted = {});
std::string node_json(const NodeState& node, const HistoryOf& history_of, WallTime now, const LabelOf& label_of = {});
std::string history_json(std::string_view name, std::span<const HistoryPoint> points);
/// In the shape of Prometheus's own targets API, so that what reads that one reads this one.
std::string targets_json(const FleetSnapshot& fleet, const Config& config);
/// A target as a client sees it: what `piman targets` prints.
struct TargetView {
  std::string node, url, health, error, error_class;
  std::optional<double> duration_seconds, last_scrape;  ///< Unix time
  double samples = 0, bytes = 0, scrapes = 0, failures = 0;
};
/// Reads what targets_json() writes. Errors: anything else.
Result<std::vector<TargetView>> parse_targets_json(std::string_view json);
/// What `piman hosts list --json` prints.
std::string hosts_json(const ParsedInventory& inventory, std::string_view file);
/// Prometheus's HTTP service discovery; without the envelope, for Prometheus wants a bare array.
std::string discovery_json(const std::vector<DiscoveredTarget>& targets);
/// `type` is a word for programs ("not_found"), `message` is for people.
std::string error_json(std::string_view type, std::string_view message);

/// The fleet as a client sees it: what `piman status` prints.
struct FleetView {
  struct Node {
    std::string name, address, mac, phase, phase_detail, model, error;
    bool stuck = false;
    std::optional<double> phase_percent;
    std::optional<double> phase_since, last_seen, uptime_seconds;
    std::optional<double> cpu_percent, memory_percent, disk_percent, temperature_celsius;
  };
  std::string site;
  double now = 0;  ///< the server's clock: ages are right even where the client's clock is not
  std::vector<Node> nodes;
};
/// Reads what nodes_json() writes. Errors: anything else, with the part that is missing or wrong.
Result<FleetView> parse_nodes_json(std::string_view json);

/// One node as a client sees it: what `piman node` prints.
struct NodeView {
  struct Span {
    std::string phase;
    double since = 0, seconds = 0;
  };
  FleetView::Node node;
  double now = 0, failed_boots = 0;
  std::vector<Span> phases;  ///< oldest first
};
/// Reads what node_json() writes.
Result<NodeView> parse_node_json(std::string_view json);

}  // namespace piman::manager::api
