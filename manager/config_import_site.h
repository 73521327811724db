// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "manager/fleet/node.h"

/// The Python system's piman.yaml as sections `netboot`, `dhcp` and `power` of the manager's YAML. Pure.
namespace piman::manager {

struct ImportedSite {
  std::string yaml;                   ///< a configuration without problems
  bool has_switches = false;          ///< they need the file kSwitchCommunityFile
  std::vector<std::string> problems;  ///< with line numbers; what they are about was left out
};
inline constexpr std::size_t kMostSiteBytes = 64UL * 1024;
/// What the Python system says to every switch; beside the configuration.
inline constexpr const char* kSwitchCommunityFile = "switch.community";
inline constexpr std::string_view kSwitchCommunity = "private";

/// `hosts` are those of the inventory: they have the names of the nodes behind the ports.
ImportedSite import_site(std::string_view yaml, std::span<const Host> hosts);

}  // namespace piman::manager
