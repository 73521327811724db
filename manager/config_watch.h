// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "manager/config_keys.h"
#include "manager/config_reader.h"

/// The section `watch`: its keys, and the list of nodes with thresholds of their own. Pure.
namespace piman::manager {

inline constexpr std::string_view kOverridesKey = "watch.overrides";

/// The keys of the section, in the order of the reference.
std::span<const ConfigKey> watch_keys();

/// Sets config.watch.overrides and appends what is wrong with them, each with its line.
void read_overrides(const YamlNode& list, Config& config, std::vector<ConfigProblem>& problems);

/// The list as Markdown.
std::string render_overrides_reference();

}  // namespace piman::manager
