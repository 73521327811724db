// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "node-agent/collector.h"

/// State of the hardware watchdogs, from class/watchdog under sysfs.
namespace piman::agent {

Result<std::unique_ptr<Collector>> make_watchdog_collector(const CollectorContext& context);

}  // namespace piman::agent
