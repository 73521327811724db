// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "node-agent/collector.h"

/// Software RAID arrays: their state, disks and synchronisation, from mdstat under procfs.
namespace piman::agent {

enum class ArrayState { kActive, kChecking, kInactive, kRecovering, kResyncing, kOther };

struct RaidArray {
  std::string_view name;  ///< "md0"
  ArrayState state = ArrayState::kOther;
  std::int64_t disks_required = 0, disks_active = 0, disks_failed = 0, disks_spare = 0;
  std::int64_t blocks = 0, blocks_synced = 0;  ///< 1 KiB each
};
/// Errors: an array's lines that are not understood. Source: md(4), drivers/md/md.c of the kernel.
Result<std::vector<RaidArray>> parse_mdstat(std::string_view content);

Result<std::unique_ptr<Collector>> make_mdadm_collector(const CollectorContext& context);

}  // namespace piman::agent
