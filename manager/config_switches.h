// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "manager/config_reader.h"

/// The list of switches in the section `power`: the one part of the configuration that has a depth. Pure.
namespace piman::manager {

inline constexpr std::string_view kSwitchesKey = "power.switches";

/// Sets config.switches and appends what is wrong with them, each with its line.
void read_switches(const YamlNode& list, power::PowerConfig& config, std::vector<ConfigProblem>& problems);

/// The keys of a switch as Markdown, from the table that reads them.
std::string render_switches_reference();

}  // namespace piman::manager
