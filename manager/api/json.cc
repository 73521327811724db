// SPDX-License-Identifier: Apache-2.0
#include "manager/api/json.h"

#include <array>
#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>

#include "common/text.h"

namespace piman::manager::api {
namespace {

using Json = nlohmann::ordered_json;

/// Names and models may hold any byte; the library would throw at what is not UTF-8.
std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }
std::string success(Json data) { return text_of({{"status", "success"}, {"data", std::move(data)}}) + '\n'; }

double rounded(double value) { return std::round(value * 1000) / 1000; }
Json number(double value) { return std::isfinite(value) ? Json(rounded(value)) : Json(); }
Json number(const std::optional<double>& value) { return value ? number(*value) : Json(); }
Json word(const std::string& text) { return text.empty() ? Json() : Json(text); }
Json time_or_null(const std::optional<WallTime>& time) { return time ? number(unix_seconds(*time)) : Json(); }

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

Json flag(const std::optional<bool>& value) { return value ? Json(*value) : Json(); }

Json health_object(const HealthFacts& health) {
  Json file_systems = Json::array();
  for (const FileSystemFacts& one : health.file_systems) {
    file_systems.push_back({{"mount_point", one.mount_point},
                            {"device", word(one.device)},
                            {"type", word(one.type)},
                            {"size_bytes", number(one.size_bytes)},
                            {"available_bytes", number(one.available_bytes)},
                            {"read_only", flag(one.read_only)}});
  }
  Json clock;
  if (health.clock_offset) {
    clock = {{"seconds", number(health.clock_offset->seconds)},
             {"uncertainty_seconds", number(health.clock_offset->uncertainty_seconds)}};
  }
  return {{"under_voltage", flag(health.under_voltage)},
          {"throttled", flag(health.throttled)},
          {"frequency_capped", flag(health.frequency_capped)},
          {"soft_temperature_limit", flag(health.soft_temperature_limit)},
          {"under_voltage_occurred", flag(health.under_voltage_occurred)},
          {"throttled_occurred", flag(health.throttled_occurred)},
          {"root_read_only", flag(health.root_read_only)},
          {"clock_offset", std::move(clock)},
          {"clock_synchronised", flag(health.clock_synchronised)},
          {"mmc_name", word(health.mmc_name)},
          {"mmc_life_used_ratio", number(health.mmc_life_used_ratio)},
          {"mmc_pre_eol_state", number(health.mmc_pre_eol_state)},
          {"mmc_errors", number(health.mmc_errors)},
          {"ext4_errors", number(health.ext4_errors)},
          {"reboot_required", flag(health.reboot_required)},
          {"unclean_shutdown", flag(health.unclean_shutdown)},
          {"file_systems", std::move(file_systems)}};
}

Json node_object(const NodeState& node, const HistoryOf& history_of) {
  const NodeEvent event = node.event.value_or(NodeEvent{});
  Json json = {
      {"name", node.host.name},
      {"address", node.host.address.to_string()},
      {"mac", node.host.mac.to_string()},
      {"phase", to_string(node.phase)},
      {"phase_since", number(unix_seconds(node.phase_since))},
      {"phase_detail", word(node.phase_detail)},
      {"phase_percent", node.percent ? Json(*node.percent) : Json()},
      {"stuck", node.stuck},
      {"failed_boots", node.failed_boots},
      {"last_seen", time_or_null(node.last_seen)},
      {"model", word(node.model)},
      {"boot_time", number(node.boot_time_seconds)},
      {"uptime_seconds", nullptr},
      {"cpu_percent", number(event.cpu_percent)},
      {"memory_percent", number(event.memory_percent)},
      {"disk_percent", number(event.disk_percent)},
      {"num_pids", number(event.num_pids)},
      {"temperature_celsius", number(node.temperature_celsius)},
      {"health", health_object(node.health)},
      {"last_error", nullptr},
      {"scrape", nullptr},
      {"scrapes", node.scrapes},
      {"failures", node.failures},
      {"consecutive_failures", node.consecutive_failures},
  };
  if (node.last_seen && node.boot_time_seconds) {
    json["uptime_seconds"] = number(std::max(0.0, unix_seconds(*node.last_seen) - *node.boot_time_seconds));
  }
  if (node.scrapes > 0) {
    json["scrape"] = {{"at", number(unix_seconds(node.last.at))},
                      {"duration_seconds", number(node.last.duration.count())},
                      {"samples", node.last.samples},
                      {"bytes", node.last.body_bytes}};
    if (node.last.error != ScrapeError::kNone) {
      json["last_error"] = {{"kind", to_string(node.last.error)}, {"message", node.last.error_text}};
    }
  }
  if (history_of) json["history"] = history_of_points(history_of(node.host.name));
  return json;
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
  row.phase_percent = number_member(node, "phase_percent");
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
  const Config& config = facts.config;
  Json counts = Json::object();
  for (std::size_t i = 0; i < kPhaseCount; ++i) counts[to_string(static_cast<Phase>(i))] = 0;
  Json nodes = Json::array();
  for (const auto& node : fleet.nodes) {
    if (wanted && !wanted(*node)) continue;
    Json& count = counts[to_string(node->phase)];
    count = count.get<std::size_t>() + 1;
    nodes.push_back(node_object(*node, history_of));
  }
  return success({{"site", config.site},
                  {"version", fleet.version},
                  {"now", number(unix_seconds(facts.now))},
                  {"started", number(unix_seconds(facts.started))},
                  {"piman_version", PIMAN_VERSION},
                  {"page", facts.page},
                  {"scrape_interval_seconds", rounded(static_cast<double>(config.scrape.interval.count()) / 1000)},
                  {"history_seconds", rounded(static_cast<double>(config.scrape.history.count()) / 1000)},
                  {"hosts_file", config.inventory.hosts_file},
                  {"hosts_file_problem", word(facts.inventory_problem)},
                  {"netboot", config.netboot.enabled},
                  {"links",
                   {{"prometheus", word(config.links.prometheus)},
                    {"alertmanager", word(config.links.alertmanager)},
                    {"grafana", word(config.links.grafana)}}},
                  {"counts", std::move(counts)},
                  {"nodes", std::move(nodes)}});
}

std::string node_json(const NodeState& node, const HistoryOf& history_of, WallTime now) {
  Json json = node_object(node, history_of);
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
