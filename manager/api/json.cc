// SPDX-License-Identifier: Apache-2.0
#include "manager/api/json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>

#include "common/text.h"
#include "manager/api/fleet_object.h"

namespace piman::manager::api {
namespace {

/// Names and models may hold any byte; the library would throw at what is not UTF-8.
std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }
std::string success(Json data) { return text_of({{"status", "success"}, {"data", std::move(data)}}) + '\n'; }

double rounded(double value) { return std::round(value * 1000) / 1000; }

std::string rfc3339(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  std::array<char, 32> text{};
  ::gmtime_r(&seconds, &parts);
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

/// Columns rather than a list of points: a third of the bytes, and what a chart wants.
Json history_of_points(std::span<const HistoryPoint> points) {
  Json at = Json::array(), cpu = Json::array(), memory = Json::array(), disk = Json::array();
  Json temperature = Json::array();
  const auto tenth = [](float value) {
    return std::isfinite(value) ? Json(std::round(static_cast<double>(value) * 10) / 10) : Json();
  };
  for (const HistoryPoint& point : points) {
    at.push_back(number(unix_seconds(point.at)));
    cpu.push_back(tenth(point.cpu_percent));
    memory.push_back(tenth(point.memory_percent));
    disk.push_back(tenth(point.disk_percent));
    temperature.push_back(tenth(point.temperature_celsius));
  }
  return {{"at", std::move(at)},
          {"cpu_percent", std::move(cpu)},
          {"memory_percent", std::move(memory)},
          {"disk_percent", std::move(disk)},
          {"temperature_celsius", std::move(temperature)}};
}

std::string_view health_of(const NodeState& node) {
  if (node.scrapes == 0) return "unknown";
  return node.last.error == ScrapeError::kNone ? "up" : "down";
}

std::string text_member(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<double> number_member(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

Result<FleetView::Node> parse_node(const nlohmann::json& node) {
  if (!node.is_object() || text_member(node, "name").empty()) return fail("a node in the answer has no name");
  FleetView::Node row;
  row.name = text_member(node, "name");
  row.address = text_member(node, "address");
  row.phase = text_member(node, "phase");
  row.phase_detail = text_member(node, "phase_detail");
  if (const auto percent = number_member(node, "phase_percent")) row.phase_percent = std::clamp(*percent, 0.0, 100.0);
  const auto stuck = node.find("stuck");
  row.stuck = stuck != node.end() && stuck->is_boolean() && stuck->get<bool>();
  row.mac = text_member(node, "mac");
  row.model = text_member(node, "model");
  row.phase_since = number_member(node, "phase_since");
  row.last_seen = number_member(node, "last_seen");
  row.uptime_seconds = number_member(node, "uptime_seconds");
  row.cpu_percent = number_member(node, "cpu_percent");
  row.memory_percent = number_member(node, "memory_percent");
  row.disk_percent = number_member(node, "disk_percent");
  row.temperature_celsius = number_member(node, "temperature_celsius");
  const auto error = node.find("last_error");
  if (error != node.end() && error->is_object()) row.error = text_member(*error, "message");
  return row;
}

/// The `data` of an answer. Errors: it is none, or what it says of an error.
Result<nlohmann::json> data_of(std::string_view text) {
  auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return fail("the answer is not a JSON object");
  if (text_member(json, "status") != "success") {
    const std::string error = text_member(json, "error");
    return fail(error.empty() ? "the answer has no status \"success\"" : error);
  }
  const auto data = json.find("data");
  if (data == json.end() || !data->is_object()) return fail("the answer has no \"data\" object");
  return std::move(*data);
}

}  // namespace

std::string nodes_json(const FleetSnapshot& fleet, const ServerFacts& facts, const HistoryOf& history_of,
                       const NodeFilter& wanted) {
  std::array<std::size_t, kPhaseCount> counts{};
  Json nodes = Json::array();
  for (const auto& node : fleet.nodes) {
    if (wanted && !wanted(*node)) continue;
    ++counts[static_cast<std::size_t>(node->phase)];
    Json object = node_object(*node, facts.label_of);
    if (history_of) object["history"] = history_of_points(history_of(node->host.name));
    nodes.push_back(std::move(object));
  }
  Json data = head_object(fleet.version, facts);
  data["counts"] = count_object(counts);
  data["nodes"] = std::move(nodes);
  return success(std::move(data));
}

std::string node_json(const NodeState& node, const HistoryOf& history_of, WallTime now, const LabelOf& label_of) {
  Json json = node_object(node, label_of);
  if (history_of) json["history"] = history_of_points(history_of(node.host.name));
  json["now"] = number(unix_seconds(now));
  Json phases = Json::array();
  for (std::size_t i = 0; i < node.phases->size(); ++i) {
    const PhaseSpan& span = (*node.phases)[i];
    const WallTime end = i + 1 < node.phases->size() ? (*node.phases)[i + 1].since : now;
    phases.push_back({{"phase", to_string(span.phase)},
                      {"since", number(unix_seconds(span.since))},
                      {"seconds", number(std::max(0.0, unix_seconds(end) - unix_seconds(span.since)))}});
  }
  json["phases"] = std::move(phases);
  return success(std::move(json));
}

std::string history_json(std::string_view name, std::span<const HistoryPoint> points) {
  return success({{"name", name}, {"history", history_of_points(points)}});
}

std::string targets_json(const FleetSnapshot& fleet, const Config& config) {
  const auto seconds = [](std::chrono::milliseconds time) {
    return concat(rounded(static_cast<double>(time.count()) / 1000), 's');
  };
  Json targets = Json::array();
  for (const auto& node : fleet.nodes) {
    const std::string url = concat("http://", node->host.address.to_string(), ':', config.agents.port, "/metrics");
    targets.push_back({
        {"discoveredLabels", Json::object()},
        {"labels", {{"instance", node->host.name}, {"node", node->host.name}, {"site", config.site}}},
        {"scrapePool", "nodes"},
        {"scrapeUrl", url},
        {"globalUrl", url},
        {"health", health_of(*node)},
        {"lastError", node->scrapes > 0 ? node->last.error_text : std::string()},
        // Go's zero time is how Prometheus says "never".
        {"lastScrape", node->scrapes > 0 ? rfc3339(node->last.at) : "0001-01-01T00:00:00Z"},
        {"lastScrapeDuration", node->scrapes > 0 ? node->last.duration.count() : 0.0},
        {"lastSamplesScraped", node->scrapes > 0 ? node->last.samples : 0},
        {"scrapeInterval", seconds(config.scrape.interval)},
        {"scrapeTimeout", seconds(config.scrape.timeout)},
        // What Prometheus makes of each scrape as series of its own, and what only this scraper knows.
        {"facts",
         {{"up", node->phase == Phase::kUp ? 1 : 0},
          {"scrape_duration_seconds", node->scrapes > 0 ? number(node->last.duration.count()) : Json()},
          {"scrape_samples_scraped", node->last.samples},
          {"scrape_body_bytes", node->last.body_bytes},
          {"scrape_delay_seconds", node->scrapes > 0 ? number(node->last.delay.count()) : Json()},
          {"error_class", to_string(node->last.error)},
          {"scrapes", node->scrapes},
          {"failures", node->failures},
          {"consecutive_failures", node->consecutive_failures},
          {"phase", to_string(node->phase)},
          {"last_scrape_seconds", node->scrapes > 0 ? number(unix_seconds(node->last.at)) : Json()}}},
    });
  }
  return success({{"activeTargets", std::move(targets)}, {"droppedTargets", Json::array()}});
}

Result<std::vector<TargetView>> parse_targets_json(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || text_member(json, "status") != "success")
    return fail("the answer has no status \"success\"");
  const auto data = json.find("data");
  if (data == json.end() || !data->is_object()) return fail("the answer has no \"data\" object");
  const auto targets = data->find("activeTargets");
  if (targets == data->end() || !targets->is_array()) return fail("the answer has no \"activeTargets\" array");
  std::vector<TargetView> out;
  for (const auto& target : *targets) {
    const auto labels = target.is_object() ? target.find("labels") : target.end();
    const auto facts = target.is_object() ? target.find("facts") : target.end();
    if (labels == target.end() || !labels->is_object() || facts == target.end() || !facts->is_object()) {
      return fail("a target in the answer has no labels or no facts");
    }
    TargetView view;
    view.node = text_member(*labels, "node");
    view.url = text_member(target, "scrapeUrl");
    view.health = text_member(target, "health");
    view.error = text_member(target, "lastError");
    view.error_class = text_member(*facts, "error_class");
    view.duration_seconds = number_member(*facts, "scrape_duration_seconds");
    view.last_scrape = number_member(*facts, "last_scrape_seconds");
    view.samples = number_member(*facts, "scrape_samples_scraped").value_or(0);
    view.bytes = number_member(*facts, "scrape_body_bytes").value_or(0);
    view.scrapes = number_member(*facts, "scrapes").value_or(0);
    view.failures = number_member(*facts, "failures").value_or(0);
    out.push_back(std::move(view));
  }
  return out;
}

std::string hosts_json(const ParsedInventory& inventory, std::string_view file) {
  Json hosts = Json::array(), problems = Json::array();
  for (const Host& host : inventory.hosts) {
    hosts.push_back({{"name", host.name}, {"address", host.address.to_string()}, {"mac", host.mac.to_string()}});
  }
  for (const InventoryProblem& problem : inventory.problems) problems.push_back(problem.to_string(file));
  return success({{"file", file}, {"hosts", std::move(hosts)}, {"problems", std::move(problems)}});
}

std::string discovery_json(const std::vector<DiscoveredTarget>& targets) {
  Json groups = Json::array();
  for (const DiscoveredTarget& target : targets) {
    Json labels = Json::object();
    for (const auto& [name, value] : target.labels) labels[name] = value;
    groups.push_back({{"targets", Json::array({target.address})}, {"labels", std::move(labels)}});
  }
  return text_of(groups) + '\n';
}

std::string error_json(std::string_view type, std::string_view message) {
  return text_of({{"status", "error"}, {"errorType", type}, {"error", message}}) + '\n';
}

Result<FleetView> parse_nodes_json(std::string_view text) {
  const auto data = data_of(text);
  if (!data) return tl::unexpected<Error>(data.error());
  const auto nodes = data->find("nodes");
  if (nodes == data->end() || !nodes->is_array()) return fail("the answer has no \"nodes\" array");

  FleetView view;
  view.site = text_member(*data, "site");
  view.now = number_member(*data, "now").value_or(0);
  for (const auto& node : *nodes) {
    auto row = parse_node(node);
    if (!row) return tl::unexpected<Error>(row.error());
    view.nodes.push_back(std::move(*row));
  }
  return view;
}

Result<NodeView> parse_node_json(std::string_view text) {
  const auto data = data_of(text);
  if (!data) return tl::unexpected<Error>(data.error());
  auto node = parse_node(*data);
  if (!node) return tl::unexpected<Error>(node.error());
  NodeView view;
  view.node = std::move(*node);
  view.now = number_member(*data, "now").value_or(0);
  view.failed_boots = number_member(*data, "failed_boots").value_or(0);
  const auto phases = data->find("phases");
  if (phases == data->end() || !phases->is_array()) return fail("the answer has no \"phases\" array");
  for (const auto& span : *phases) {
    if (!span.is_object()) return fail("a phase in the answer is no object");
    view.phases.push_back({text_member(span, "phase"), number_member(span, "since").value_or(0),
                           number_member(span, "seconds").value_or(0)});
  }
  return view;
}

}  // namespace piman::manager::api
