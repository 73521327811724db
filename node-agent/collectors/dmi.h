// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "node-agent/collector.h"

/// What the firmware says of the machine, from class/dmi/id under sysfs. A Pi has none unless it boots by UEFI.
namespace piman::agent {

Result<std::unique_ptr<Collector>> make_dmi_collector(const CollectorContext& context);

}  // namespace piman::agent
