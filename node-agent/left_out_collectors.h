// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace piman::agent {

/// A collector that node_exporter has and this agent has not. `--no-collector.NAME` is accepted, so that a command line
/// can be taken over; `--collector.NAME` is refused with the reason.
struct LeftOutCollector {
  std::string_view name;
  std::string_view reason;
};

std::span<const LeftOutCollector> left_out_collectors();

}  // namespace piman::agent
