// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "node-agent/collector.h"

/// Tasks that the kernel found hung, from sys/kernel/hung_task_detect_count under procfs. Kernels before 6.13, and
/// those without the hung-task detector, do not count them.
namespace piman::agent {

Result<std::unique_ptr<Collector>> make_kernel_hung_collector(const CollectorContext& context);

}  // namespace piman::agent
