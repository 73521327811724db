// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "manager/api/live_hub.h"
#include "manager/netboot_records.h"
#include "manager/order_service.h"
#include "manager/store/journal.h"
#include "manager/watch_service.h"

namespace piman::manager {

/// What browsers are told of beside the nodes: that there is something new in the journal, of alerts, of actions, of
/// machines that ask to boot. Of parts that are not there (null) nothing is told. All must outlive what is returned.
std::vector<api::LiveSource> live_sources(const Journal& journal, NetbootRecords* records, OrderService* orders,
                                          const WatchService* watch);

}  // namespace piman::manager
