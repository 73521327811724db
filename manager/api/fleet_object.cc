// SPDX-License-Identifier: Apache-2.0
#include "manager/api/fleet_object.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/text.h"

namespace piman::manager::api {
namespace {

double rounded(double value) { return std::round(value * 1000) / 1000; }
double rounded_seconds(std::chrono::milliseconds time) { return rounded(static_cast<double>(time.count()) / 1000); }
Json time_or_null(const std::optional<WallTime>& time) { return time ? number(unix_seconds(*time)) : Json(); }

Json flag(const std::optional<bool>& value) { return value ? Json(*value) : Json(); }

/// What a list of nodes shows of it: it stays as it is while all is well.
Json marks_object(const HealthFacts& health) {
  return {{"under_voltage", flag(health.under_voltage)},
          {"throttled", flag(health.throttled)},
          {"frequency_capped", flag(health.frequency_capped)},
          {"soft_temperature_limit", flag(health.soft_temperature_limit)},
          {"under_voltage_occurred", flag(health.under_voltage_occurred)},
          {"throttled_occurred", flag(health.throttled_occurred)},
          {"root_read_only", flag(health.root_read_only)},
          {"mmc_name", word(health.mmc_name)},
          {"mmc_life_used_ratio", number(health.mmc_life_used_ratio)},
          {"mmc_pre_eol_state", number(health.mmc_pre_eol_state)},
          {"mmc_errors", number(health.mmc_errors)},
          {"ext4_errors", number(health.ext4_errors)},
          {"reboot_required", flag(health.reboot_required)},
          {"unclean_shutdown", flag(health.unclean_shutdown)}};
}

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

Json object_of(const NodeState& node, const LabelOf& label_of, Json health) {
  const NodeEvent event = node.event.value_or(NodeEvent{});
  const auto label = [&](std::string_view name) { return label_of ? word(label_of(node.host, name)) : Json(); };
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
      {"group", label("group")},
      {"image", label("image")},
      {"installed", label("installed")},
      {"switch", label("switch")},
      {"boot_time", number(node.boot_time_seconds)},
      {"uptime_seconds", nullptr},
      {"cpu_percent", number(event.cpu_percent)},
      {"memory_percent", number(event.memory_percent)},
      {"disk_percent", number(event.disk_percent)},
      {"num_pids", number(event.num_pids)},
      {"temperature_celsius", number(node.temperature_celsius)},
      {"health", std::move(health)},
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
  return json;
}

}  // namespace

Json number(double value) { return std::isfinite(value) ? Json(rounded(value)) : Json(); }
Json number(const std::optional<double>& value) { return value ? number(*value) : Json(); }
Json word(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json head_object(std::uint64_t version, const ServerFacts& facts) {
  const Config& config = facts.config;
  const bool switches_power = !config.power.switches.empty();
  return {{"site", config.site},
          {"version", version},
          {"now", number(unix_seconds(facts.now))},
          {"started", number(unix_seconds(facts.started))},
          {"piman_version", PIMAN_VERSION},
          {"page", facts.page},
          {"scrape_interval_seconds", rounded_seconds(config.scrape.interval)},
          {"history_seconds", rounded_seconds(config.scrape.history)},
          {"hosts_file", config.inventory.hosts_file},
          {"hosts_file_problem", word(facts.inventory_problem)},
          {"netboot", config.netboot.enabled},
          {"orders", config.netboot.enabled || switches_power},
          {"power", switches_power},
          {"watch", config.watch.enabled},
          {"links",
           {{"prometheus", word(config.links.prometheus)},
            {"alertmanager", word(config.links.alertmanager)},
            {"grafana", word(config.links.grafana)}}}};
}

Json node_object(const NodeState& node, const LabelOf& label_of) {
  return object_of(node, label_of, health_object(node.health));
}
Json live_node_object(const NodeState& node, const LabelOf& label_of) {
  return object_of(node, label_of, marks_object(node.health));
}

Json count_object(std::span<const std::size_t> counts) {
  Json object = Json::object();
  for (std::size_t i = 0; i < counts.size(); ++i) object[to_string(static_cast<Phase>(i))] = counts[i];
  return object;
}

}  // namespace piman::manager::api
