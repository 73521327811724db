// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "node-agent/collector.h"

/// Kernel and machine names, from uname(2).
namespace piman::agent {

Result<std::unique_ptr<Collector>> make_uname_collector(const CollectorContext& context);

}  // namespace piman::agent
