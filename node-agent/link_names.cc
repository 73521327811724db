// SPDX-License-Identifier: Apache-2.0
#include "node-agent/link_names.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <utility>

#include "common/text.h"

namespace piman::agent {

Result<LinkNames> parse_link_names(NetlinkBytes messages) {
  LinkNames names;
  NetlinkMessages walk(messages);
  while (const auto message = walk.next()) {
    if (message->type != RTM_NEWLINK) continue;
    const auto head = netlink_value<::ifinfomsg>(message->payload);
    if (!head) return fail("a network device's message is too short");
    NetlinkAttributes attributes(message->payload.subspan(sizeof *head));
    while (const auto attribute = attributes.next()) {
      if (attribute->type != IFLA_IFNAME) continue;
      names[static_cast<std::uint32_t>(head->ifi_index)] = netlink_text(attribute->value);
    }
    if (attributes.broken()) return fail("a network device's message is broken");
  }
  if (walk.broken()) return fail("the list of network devices is broken");
  return names;
}

Result<LinkNames> read_link_names(NetlinkSource& netlink) {
  // Two thirds of what the kernel tells of a device are its counters.
  NetlinkBody body(::ifinfomsg{});
  body.add(IFLA_EXT_MASK, std::uint32_t{RTEXT_FILTER_SKIP_STATS});
  const auto messages = messages_of(netlink.ask({NETLINK_ROUTE, RTM_GETLINK, true, body.take()}), "network devices");
  if (!messages) return fail(messages.error().message);
  return parse_link_names(*messages);
}

}  // namespace piman::agent
