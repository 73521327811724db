// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "manager/fleet/node.h"
#include "manager/power/power_switch.h"

/// `piman power show` and `piman power map`: what the switches say. They ask the switches themselves and switch
/// nothing.
namespace piman::manager {

/// Runs the command; `arguments` is what stands behind "power". Exit codes: 0 all answered, 1 some switch did not, 2
/// the command line or the configuration is wrong.
int run_power_command(std::span<const char* const> arguments);

/// A hardware address at a port of a switch.
struct MapRow {
  std::string power_switch;
  power::LearnedAddress learned;
  std::string node;             ///< of the inventory; empty: none has this address
  std::size_t on_the_port = 1;  ///< addresses there; with several it leads to another switch, and no node hangs there
};

/// Pure: what one switch learned, with names of the inventory.
std::vector<MapRow> map_rows(const std::string& power_switch, const std::vector<power::LearnedAddress>& learned,
                             const std::vector<Host>& hosts);
/// Pure: the section `ports` of each switch, for the configuration: nodes alone on their port.
std::string render_map_yaml(const std::vector<MapRow>& rows);

}  // namespace piman::manager
