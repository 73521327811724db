// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "node-agent/collector.h"

/// How the last shutdown went and whether the next reboot is due: from the kernel's log, run/initramfs/fsck.log and
/// run/reboot-required.
namespace piman::agent {

Result<std::unique_ptr<Collector>> make_rpi_system_collector(const CollectorContext& context);

}  // namespace piman::agent
