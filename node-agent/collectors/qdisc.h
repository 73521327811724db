// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "node-agent/collector.h"
#include "node-agent/netlink.h"
#include "node-agent/netlink_codec.h"

/// The queueing disciplines at the root of each network device, from rtnetlink(7).
namespace piman::agent {

struct QueueingDiscipline {
  std::uint32_t device = 0;  ///< its number
  bool is_root = false;
  std::string kind;  ///< "fq_codel"
  std::uint64_t bytes = 0, packets = 0;
  std::uint32_t drops = 0, requeues = 0, overlimits = 0;
  std::uint32_t queued_packets = 0, queued_bytes = 0;
};

/// From RTM_NEWQDISC messages. Pure. Errors: a message that is broken or too short.
Result<std::vector<QueueingDiscipline>> parse_queueing_disciplines(NetlinkBytes messages);

Result<std::unique_ptr<Collector>> make_qdisc_collector(const CollectorContext& context);
/// The same with another source of answers; null: there are none to be had.
Result<std::unique_ptr<Collector>> make_qdisc_collector_from(const CollectorContext& context,
                                                             std::unique_ptr<NetlinkSource> netlink);

}  // namespace piman::agent
