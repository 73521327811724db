// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "node-agent/collector.h"

/// Paging and out-of-memory counters, from vmstat under procfs.
namespace piman::agent {

Result<std::unique_ptr<Collector>> make_vmstat_collector(const CollectorContext& context);

}  // namespace piman::agent
