// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "node-agent/collector.h"

/// How many links each bond has, and how many of them are up, from class/net under sysfs.
/// Source: Documentation/networking/bonding.rst of the kernel.
namespace piman::agent {

Result<std::unique_ptr<Collector>> make_bonding_collector(const CollectorContext& context);

}  // namespace piman::agent
