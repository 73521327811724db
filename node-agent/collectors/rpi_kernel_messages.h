// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "node-agent/collector.h"

/// How often the kernel has told of trouble, by kind, from /dev/kmsg where it may be read.
namespace piman::agent {

Result<std::unique_ptr<Collector>> make_rpi_kernel_messages_collector(const CollectorContext& context);

}  // namespace piman::agent
