// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "common/result.h"
#include "manager/power/power_config.h"
#include "manager/power/power_switch.h"

/// PoE switches by SNMP. Sources: RFC 3621 (POWER-ETHERNET-MIB), RFC 4188 (BRIDGE-MIB), RFC 4363 (Q-BRIDGE-MIB).
namespace piman::power {

/// Reads the switch's community or keys; no message is sent yet. The secrets are read once: a changed file needs a new
/// object. Reads no configuration of Net-SNMP's and writes none of its state.
/// REQUIRES: the first call comes before the program's other threads, for it sets up Net-SNMP.
/// Errors: secret files, a v3 pass phrase of less than 8 bytes.
Result<std::unique_ptr<PowerSwitch>> make_snmp_poe(const SwitchConfig& config);

}  // namespace piman::power
