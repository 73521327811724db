// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "common/result.h"
#include "node-agent/netlink.h"
#include "node-agent/netlink_codec.h"

/// What the network devices are called that routes and queues know by number only.
namespace piman::agent {

using LinkNames = std::map<std::uint32_t, std::string>;

/// From RTM_NEWLINK messages; others are passed over. Pure. Errors: a message that is broken or too short.
Result<LinkNames> parse_link_names(NetlinkBytes messages);
/// Errors: of the question or its answer.
Result<LinkNames> read_link_names(NetlinkSource& netlink);

}  // namespace piman::agent
