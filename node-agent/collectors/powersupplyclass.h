// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "node-agent/collector.h"

/// Batteries, mains adapters and UPS HATs, from class/power_supply under sysfs.
namespace piman::agent {

Result<std::unique_ptr<Collector>> make_powersupplyclass_collector(const CollectorContext& context);

}  // namespace piman::agent
