// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "common/result.h"
#include "node-agent/collector.h"

/// The one list of collectors. A new collector is added here, and nowhere else.
namespace piman::agent {

/// An option of a collector: `--collector.<collector>.<name>`.
struct CollectorOption {
  std::string_view name;        ///< "filesystem.mount-points-exclude"
  std::string_view value_name;  ///< empty for a switch
  std::string_view default_value;
  std::string_view help;
  bool repeatable = false;
};

struct CollectorEntry {
  std::string_view name;
  bool enabled_by_default;
  std::string_view help;  ///< what it exports, and from where
  /// Errors: an option that can't be understood.
  Result<std::unique_ptr<Collector>> (*make)(const CollectorContext&);
};

std::span<const CollectorEntry> all_collectors();
std::span<const CollectorOption> all_collector_options();

}  // namespace piman::agent
