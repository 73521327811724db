// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "node-agent/collector.h"

/// Load averages, from loadavg under procfs.
namespace piman::agent {

/// The 1, 5 and 15 minute averages; nothing when the text is not three numbers and more. Source: proc(5).
std::optional<std::array<double, 3>> parse_loadavg(std::string_view content);

Result<std::unique_ptr<Collector>> make_loadavg_collector(const CollectorContext& context);

}  // namespace piman::agent
