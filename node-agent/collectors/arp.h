// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "node-agent/collector.h"

/// How many neighbours each device has resolved, from net/arp under procfs.
namespace piman::agent {

/// The device of a line of the ARP table, which is its last field; nothing when the line has fewer than six fields.
/// The heading gives "Device" like any other line. Source: proc(5), "/net/arp".
std::optional<std::string_view> parse_arp_device(std::string_view line);

Result<std::unique_ptr<Collector>> make_arp_collector(const CollectorContext& context);

}  // namespace piman::agent
