// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "node-agent/collector.h"

/// What NVMe drives say of themselves, from class/nvme under sysfs.
namespace piman::agent {

Result<std::unique_ptr<Collector>> make_nvme_collector(const CollectorContext& context);

}  // namespace piman::agent
