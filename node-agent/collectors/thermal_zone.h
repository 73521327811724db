// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "node-agent/collector.h"

/// Temperatures and cooling devices, from class/thermal under sysfs.
namespace piman::agent {

Result<std::unique_ptr<Collector>> make_thermal_zone_collector(const CollectorContext& context);

}  // namespace piman::agent
