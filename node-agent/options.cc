// SPDX-License-Identifier: Apache-2.0
#include "node-agent/options.h"

#include <algorithm>
#include <string_view>

#include "common/text.h"
#include "node-agent/all_collectors.h"
#include "node-agent/left_out_collectors.h"

namespace piman::agent {
namespace {

constexpr std::string_view kPrefix = "collector.";

constexpr std::string_view kSummary = "tells Prometheus and the piman manager how this machine is";
constexpr std::string_view kDescription =
    "Serves /metrics (Prometheus), /events (JSON) and /healthz. Understands node_exporter's flags.";
constexpr std::string_view kExamples =
    "  piman-node-agent\n"
    "  piman-node-agent --web.listen-address=127.0.0.1:9100 --no-collector.vmstat\n"
    "  piman-node-agent --web.config.file=/etc/piman-node-agent/web.yml\n"
    "  curl -s -g 'localhost:3000/metrics?collect[]=thermal_zone'\n";

void parse_listen_addresses(const std::vector<std::string>& values, Options& options) {
  for (const std::string& text : values) {
    if (const auto address = HostPort::parse(text)) {
      options.listen.push_back(*address);
    } else {
      options.problems.push_back(concat("--web.listen-address: ", quote(text), " is not ADDRESS:PORT or :PORT"));
    }
  }
}

void choose_collectors(const ParsedFlags& parsed, std::span<const Flag> table, Options& options) {
  const bool defaults = !parsed.is_on(table, "collector.disable-defaults");
  for (const CollectorEntry& entry : all_collectors()) {
    const std::string flag = concat(kPrefix, entry.name);
    const bool enabled = parsed.is_given(flag) ? parsed.is_on(table, flag) : entry.enabled_by_default && defaults;
    if (enabled) options.enabled.emplace_back(entry.name);
  }
  for (const CollectorOption& option : all_collector_options()) {
    const std::string flag = concat(kPrefix, option.name);
    std::string& value = options.collectors.options[std::string(option.name)];
    if (!option.repeatable) {
      value = parsed.value(table, flag);
      continue;
    }
    for (const std::string& one : parsed.values(table, flag)) value += value.empty() ? one : concat('\n', one);
  }
}

/// Switches off what is not there, and refuses to switch it on.
void check_left_out_collectors(const ParsedFlags& parsed, std::span<const Flag> table, Options& options) {
  for (const LeftOutCollector& left_out : left_out_collectors()) {
    const std::string flag = concat(kPrefix, left_out.name);
    if (!parsed.is_on(table, flag)) continue;
    options.problems.push_back(concat("--", flag, ": this agent has no such collector: ", left_out.reason));
  }
}

/// What is understood: the documented flags, and those of collectors that are left out.
std::vector<Flag> accepted_flags() {
  std::vector<Flag> flags = agent_flags();
  for (const LeftOutCollector& left_out : left_out_collectors()) {
    flags.push_back({concat(kPrefix, left_out.name), "", "false", ""});
  }
  return flags;
}

}  // namespace

std::vector<Flag> agent_flags() {
  const HostPaths defaults;
  std::vector<Flag> flags = {
      {"help", "", "false", "Print this help and exit."},
      {"help-man", "", "false", "Print the man page and exit."},
      {"version", "", "false", "Print the version and exit."},
      {"web.listen-address", "ADDRESS", ":3000", "Address and port to listen on; :PORT means every address.", true},
      {"web.config.file", "FILE", "",
       "TLS and who may ask, in the format of all Prometheus exporters; read again when it changes."},
      {"web.telemetry-path", "PATH", "/metrics", "Path of the metrics page."},
      {"web.disable-exporter-metrics", "", "false", "Leave out process_* and promhttp_* of the agent itself."},
      {"web.max-requests", "N", "40", "Scrapes served at a time before the next is refused with 503; 0 for no limit."},
      {"path.procfs", "DIR", defaults.procfs, "Where procfs is mounted."},
      {"path.sysfs", "DIR", defaults.sysfs, "Where sysfs is mounted."},
      {"path.rootfs", "DIR", defaults.rootfs, "Where the host's root file system is mounted."},
      {"path.udev.data", "DIR", defaults.udev_data, "Where udev keeps its device properties."},
      {"log.level", "LEVEL", "info", "Least level to log: debug, info, warn or error."},
      {"log.format", "FORMAT", "logfmt", "logfmt or json."},
      {"collector.disable-defaults", "", "false", "Enable only the collectors that are named by their own flags."}};
  for (const CollectorEntry& entry : all_collectors()) {
    flags.push_back({concat(kPrefix, entry.name), "", entry.enabled_by_default ? "true" : "false",
                     concat("Collector: ", entry.help, ".")});
  }
  for (const CollectorOption& option : all_collector_options()) {
    flags.push_back({concat(kPrefix, option.name), std::string(option.value_name), std::string(option.default_value),
                     std::string(option.help), option.repeatable});
  }
  return flags;
}

Options parse_options(std::span<const char* const> arguments) {
  const std::vector<Flag> table = accepted_flags();
  ParsedFlags parsed = parse_flags(table, arguments);
  Options options;
  options.problems = std::move(parsed.problems);
  for (const std::string& argument : parsed.arguments) {
    options.problems.push_back(concat("unexpected argument ", quote(argument)));
  }
  options.help = parsed.is_on(table, "help");
  options.help_man = parsed.is_on(table, "help-man");
  options.version = parsed.is_on(table, "version");
  parse_listen_addresses(parsed.values(table, "web.listen-address"), options);
  options.web_config_file = parsed.value(table, "web.config.file");
  options.telemetry_path = parsed.value(table, "web.telemetry-path");
  if (!options.telemetry_path.starts_with('/')) {
    options.problems.push_back(
        concat("--web.telemetry-path: ", quote(options.telemetry_path), " does not begin with a slash"));
  }
  options.exporter_metrics = !parsed.is_on(table, "web.disable-exporter-metrics");
  const std::string max_requests = parsed.value(table, "web.max-requests");
  if (const auto number = parse_number<std::uint16_t>(max_requests)) {
    options.max_requests = *number;
  } else {
    options.problems.push_back(concat("--web.max-requests: ", quote(max_requests), " is not a number up to 65535"));
  }
  const std::string level = parsed.value(table, "log.level");
  const std::string format = parsed.value(table, "log.format");
  const auto parsed_level = parse_log_level(level);
  const auto parsed_format = parse_log_format(format);
  if (!parsed_level) {
    options.problems.push_back(concat("--log.level: ", quote(level), " is none of debug, info, warn, error"));
  }
  if (!parsed_format) options.problems.push_back(concat("--log.format: ", quote(format), " is not logfmt or json"));
  options.log_level = parsed_level.value_or(LogLevel::kInfo);
  options.log_format = parsed_format.value_or(LogFormat::kLogfmt);
  HostPaths& paths = options.collectors.paths;
  paths.procfs = parsed.value(table, "path.procfs");
  paths.sysfs = parsed.value(table, "path.sysfs");
  paths.rootfs = parsed.value(table, "path.rootfs");
  paths.udev_data = parsed.value(table, "path.udev.data");
  while (paths.rootfs.size() > 1 && paths.rootfs.ends_with('/')) paths.rootfs.pop_back();
  choose_collectors(parsed, table, options);
  check_left_out_collectors(parsed, table, options);
  return options;
}

std::string agent_help() {
  return concat("piman-node-agent ", PIMAN_VERSION, " - ", kSummary, "\n\n", "Usage: piman-node-agent [FLAG ...]\n\n",
                kDescription, "\n\nExamples:\n", kExamples, "\nFlags:\n", render_flags_help(agent_flags()));
}

std::string agent_man_page() {
  return concat(".TH PIMAN\\-NODE\\-AGENT 1 \"\" \"piman ", PIMAN_VERSION, "\"\n.SH NAME\npiman\\-node\\-agent \\- ",
                man_escaped(kSummary), "\n.SH SYNOPSIS\n.B piman\\-node\\-agent\n[FLAG ...]\n.SH DESCRIPTION\n",
                man_escaped(kDescription), "\n", render_flags_man(agent_flags()), ".SH EXAMPLES\n.nf\n",
                man_escaped(kExamples),
                ".fi\n.SH EXIT STATUS\n0 after a signal to stop, 1 when it can not listen, 2 "
                "when a flag is wrong.\n");
}

}  // namespace piman::agent
