// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "node-agent/collector.h"

/// Temperatures, fans, voltages and what else hardware monitors measure, from class/hwmon under sysfs.
namespace piman::agent {

Result<std::unique_ptr<Collector>> make_hwmon_collector(const CollectorContext& context);

}  // namespace piman::agent
