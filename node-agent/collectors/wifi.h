// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "node-agent/collector.h"
#include "node-agent/netlink.h"

/// Wireless interfaces, the networks they are in, and the stations they hear, from nl80211.
namespace piman::agent {

Result<std::unique_ptr<Collector>> make_wifi_collector(const CollectorContext& context);
/// The same with another source of answers; null: there are none to be had.
std::unique_ptr<Collector> make_wifi_collector_from(std::unique_ptr<NetlinkSource> netlink);

}  // namespace piman::agent
