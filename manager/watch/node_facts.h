// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "common/clock.h"
#include "manager/fleet/node.h"
#include "manager/watch/thresholds.h"

/// What is watched of what the manager knows of a node. Pure.
namespace piman::watch {

NodeFacts facts_of(const manager::NodeState& node);
/// When it started, on the manager's clock; nothing when it isn't up or does not say.
std::optional<WallTime> booted_at(const manager::NodeState& node);

}  // namespace piman::watch
