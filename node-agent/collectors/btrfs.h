// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "node-agent/collector.h"

/// Space, layout, devices and errors of btrfs file systems, from fs/btrfs under sysfs and by ioctl.
namespace piman::agent {

/// How many bytes of disk a byte of data takes in this layout ("single", "raid1", ...) over so many devices; 0 for a
/// layout that is not known. Source: btrfs(5), "PROFILES".
double btrfs_allocation_ratio(std::string_view layout, std::size_t devices);

Result<std::unique_ptr<Collector>> make_btrfs_collector(const CollectorContext& context);

}  // namespace piman::agent
