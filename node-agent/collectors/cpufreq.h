// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "node-agent/collector.h"

/// Clock rates of the CPUs and their limits, from devices/system/cpu/cpuN/cpufreq under sysfs.
/// Source: Documentation/admin-guide/pm/cpufreq.rst of the kernel.
namespace piman::agent {

Result<std::unique_ptr<Collector>> make_cpufreq_collector(const CollectorContext& context);

}  // namespace piman::agent
