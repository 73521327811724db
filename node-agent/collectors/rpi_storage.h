// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string_view>

#include "node-agent/collector.h"

/// How a machine's memory cards and file systems hold out: identity and wear of SD cards and eMMC from
/// block/mmcblk*/device under sysfs, ext4's own error counters from fs/ext4, and whether / has become read-only.
namespace piman::agent {

/// The two wear estimates of an eMMC, "0x01 0x0a": the upper end of the tenth of its life that is used up, 0.1 to
/// 1; 1.1 beyond its end; nothing where the chip does not say. Source: JESD84-B51, DEVICE_LIFE_TIME_EST_TYP_A and _B.
std::array<std::optional<double>, 2> parse_life_time(std::string_view text);
/// 1 normal, 2 80 % of the reserve used, 3 90 %; nothing where the chip does not say. Source: JESD84-B51, PRE_EOL_INFO.
std::optional<unsigned> parse_pre_eol(std::string_view text);

Result<std::unique_ptr<Collector>> make_rpi_storage_collector(const CollectorContext& context);

}  // namespace piman::agent
