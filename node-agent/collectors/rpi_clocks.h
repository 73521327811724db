// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "node-agent/collector.h"

/// Clocks, voltages and temperatures as the firmware of a Raspberry Pi measures them, from its mailbox.
namespace piman::agent {

/// Degrees Celsius out of "temp=48.3'C"; nothing when they are not there.
std::optional<double> parse_measured_temperature(std::string_view text);

Result<std::unique_ptr<Collector>> make_rpi_clocks_collector(const CollectorContext& context);

}  // namespace piman::agent
