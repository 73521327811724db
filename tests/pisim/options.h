// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/flags.h"
#include "tests/pisim/simulation.h"

/// The command line of pisim.
namespace piman::pisim {

struct Options {
  bool help = false;
  bool list = false;  ///< print the boards' names and numbers, and end
  bool json = false;
  bool verbose = false;
  bool strict = true;  ///< a server's fault fails the run although all booted
  std::string interface;
  std::vector<std::pair<std::string, std::uint32_t>> models;  ///< name and count
  std::uint32_t first_index = 0;
  std::string root;
  std::string manifest;
  bool per_node = false;
  std::set<std::string, std::less<>> unchecked;
  std::vector<std::pair<std::string, std::string>> plans;  ///< model and file
  double min_success = 1;
  PiSettings pi;
  SimulationSettings simulation;
};

std::span<const Flag> option_table();

/// `problems` gets a line for each mistake; the options are of no use then.
Options parse_options(std::span<const char* const> arguments, std::vector<std::string>& problems);

/// "1.5s", "200ms", "2m"; a bare 0 too. Nothing for anything else, negative or longer than a day.
std::optional<Time> parse_duration(std::string_view text);
/// "10.1.0.0/16".
std::optional<Subnet> parse_subnet(std::string_view text);

}  // namespace piman::pisim
