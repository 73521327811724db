// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "manager/config_checks.h"
#include "manager/config_keys.h"

/// The section `agents`: how nodes are reached, and how they know who asks. Pure.
namespace piman::manager {

/// The keys of the section, in the order of the reference.
std::span<const ConfigKey> agent_keys();
/// What no key of it can say alone.
void check_agents(const Config::Agents& agents, const ReportTogether& report);

}  // namespace piman::manager
