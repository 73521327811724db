// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "node-agent/collector.h"

/// The clock, its time zone and the kernel's clock source.
namespace piman::agent {

Result<std::unique_ptr<Collector>> make_time_collector(const CollectorContext& context);

}  // namespace piman::agent
