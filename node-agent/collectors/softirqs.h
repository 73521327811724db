// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "node-agent/collector.h"

/// Software interrupts by CPU and kind, from softirqs under procfs.
namespace piman::agent {

Result<std::unique_ptr<Collector>> make_softirqs_collector(const CollectorContext& context);

}  // namespace piman::agent
