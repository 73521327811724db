// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "node-agent/collector.h"

/// Properties of network devices: up or down, speed, MTU, addresses, from class/net under sysfs.
/// Source: Documentation/ABI/testing/sysfs-class-net of the kernel.
namespace piman::agent {

Result<std::unique_ptr<Collector>> make_netclass_collector(const CollectorContext& context);

}  // namespace piman::agent
