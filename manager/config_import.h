// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Turns the Python system's monitoring.config into the section `watch` of the manager's YAML.
namespace piman::manager {

/// What stood in the file. The addresses of receivers are secrets: they are kept apart from the YAML.
struct ImportedMonitoring {
  std::string yaml;
  std::string slack_url, discord_url;  ///< empty: none
  std::vector<std::string> problems;   ///< with line numbers; what they are about was left out
};
inline constexpr std::size_t kMostMonitoringBytes = 64UL * 1024;
/// Where the YAML says that the addresses are; beside the configuration.
inline constexpr const char* kSlackFile = "slack.url";
inline constexpr const char* kDiscordFile = "discord.url";

/// Pure: `text` is an INI file as Python's configparser writes and reads it: a section [DEFAULT], `key = value` or
/// `key: value`, keys in any case, comments behind # and ; at the front of a line.
ImportedMonitoring import_monitoring(std::string_view text);

/// `piman config import`: the Python system's files (this one, hosts.csv, piman.yaml) as a configuration, an inventory
/// and files for the secrets. `arguments` stand behind "import".
int run_config_import(std::span<const char* const> arguments);

}  // namespace piman::manager
