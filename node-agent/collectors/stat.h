// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "node-agent/collector.h"

/// Boot time, context switches, interrupts, forks and process counts, from stat under procfs.
namespace piman::agent {

/// What stat says beside CPU times; absent where the kernel does not. Source: proc(5).
struct KernelStat {
  std::optional<std::uint64_t> interrupts, context_switches, boot_time_seconds, forks, running, blocked;
};
KernelStat parse_kernel_stat(std::string_view content);

Result<std::unique_ptr<Collector>> make_stat_collector(const CollectorContext& context);

}  // namespace piman::agent
