// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "common/result.h"
#include "manager/power/power_config.h"
#include "manager/power/power_switch.h"

namespace piman::power {

/// The kind of switch that the configuration asks for. REQUIRES and errors: make_snmp_poe()'s.
Result<std::unique_ptr<PowerSwitch>> make_switch(const SwitchConfig& config);

/// Runs `config.command` with three arguments: the node's name, its port, and on or off. No shell looks at them.
/// Errors of set(): a script that cannot run, takes longer than the timeout (its process group is then killed), or
/// exits with another status than 0; with the first line of what it wrote.
std::unique_ptr<PowerSwitch> make_script_switch(const SwitchConfig& config);

}  // namespace piman::power
