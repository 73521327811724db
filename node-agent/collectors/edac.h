// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "node-agent/collector.h"

/// Memory errors that the hardware corrected or could not correct, from devices/system/edac under sysfs.
/// Source: Documentation/admin-guide/ras.rst of the kernel.
namespace piman::agent {

Result<std::unique_ptr<Collector>> make_edac_collector(const CollectorContext& context);

}  // namespace piman::agent
