// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "common/flags.h"
#include "common/log.h"
#include "common/net_types.h"
#include "node-agent/collector.h"

namespace piman::agent {

/// What the command line asks for.
struct Options {
  bool help = false;
  bool help_man = false;
  bool version = false;
  std::vector<HostPort> listen;
  std::string web_config_file;  ///< TLS and who may ask; empty: neither
  std::string telemetry_path;
  bool exporter_metrics = true;   ///< process_* and promhttp_* of the agent itself
  std::size_t max_requests = 40;  ///< parallel scrapes before 503; 0: no limit
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kLogfmt;
  CollectorContext collectors;
  std::vector<std::string> enabled;   ///< names of collectors, in the order of all_collectors()
  std::vector<std::string> problems;  ///< one line each; the agent must not start if there are any
};

/// The table that `--help` and the documentation are made of.
std::vector<Flag> agent_flags();
/// Pure. `arguments` is without the program's name.
Options parse_options(std::span<const char* const> arguments);
std::string agent_help();
/// The man page, in man(7)'s format.
std::string agent_man_page();

}  // namespace piman::agent
