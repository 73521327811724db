// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "node-agent/collector.h"

/// Why the firmware holds the board back: from its mailbox, or the under-voltage alarm of the rpi_volt sensor. Never
/// from get_throttled under sysfs, whose reading makes the kernel warn and which newer kernels do not have.
namespace piman::agent {

/// The number in "throttled=0x50005"; nothing when it is not there.
std::optional<std::uint32_t> parse_throttled(std::string_view text);

Result<std::unique_ptr<Collector>> make_rpi_throttled_collector(const CollectorContext& context);

}  // namespace piman::agent
