// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "node-agent/collector.h"

/// Pressure stall information: time lost to a lack of CPU, memory or I/O, from pressure/ under procfs.
namespace piman::agent {

/// Stall times since boot, in microseconds. "full" is absent from some kernels' cpu file.
struct PressureTotals {
  std::optional<std::uint64_t> some_microseconds, full_microseconds;
};
/// Source: Documentation/accounting/psi.rst of the kernel.
PressureTotals parse_pressure(std::string_view content);

Result<std::unique_ptr<Collector>> make_pressure_collector(const CollectorContext& context);

}  // namespace piman::agent
