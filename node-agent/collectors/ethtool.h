// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "node-agent/collector.h"
#include "node-agent/ethtool_source.h"

/// What network drivers know of their devices: link modes, firmware and their own counters.
namespace piman::agent {

/// The family of a driver's counter: "rx_dropped" -> "node_ethtool_received_dropped". Pure.
std::string ethtool_family_name(std::string_view statistic);

Result<std::unique_ptr<Collector>> make_ethtool_collector(const CollectorContext& context);
/// The same with another source of answers.
Result<std::unique_ptr<Collector>> make_ethtool_collector_from(const CollectorContext& context,
                                                               std::unique_ptr<EthtoolSource> source);

}  // namespace piman::agent
