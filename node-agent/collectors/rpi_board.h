// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "node-agent/collector.h"

/// Which Raspberry Pi this is, with which bootloader and firmware it came up, and from where: from device-tree under
/// procfs and the firmware's mailbox.
namespace piman::agent {

/// The word for a boot mode, "network"; its number where it has no word. Source: raspberrypi.com, "BOOT_ORDER".
std::string boot_mode_name(std::uint32_t mode);

Result<std::unique_ptr<Collector>> make_rpi_board_collector(const CollectorContext& context);

}  // namespace piman::agent
