// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "node-agent/collector.h"

/// The kernel's random number pool, from sys/kernel/random under procfs.
namespace piman::agent {

Result<std::unique_ptr<Collector>> make_entropy_collector(const CollectorContext& context);

}  // namespace piman::agent
