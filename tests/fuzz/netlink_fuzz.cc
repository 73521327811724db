// SPDX-License-Identifier: Apache-2.0
#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>

#include "common/check.h"
#include "node-agent/collectors/network_route.h"
#include "node-agent/collectors/qdisc.h"
#include "node-agent/link_names.h"
#include "node-agent/netlink_codec.h"
#include "node-agent/wifi_messages.h"

// Any bytes as what netlink answers: the parsers take what they can and never read beyond it, and what NetlinkAnswer
// keeps are whole messages.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace piman::agent;
  constexpr std::uint16_t kFamily = 28;
  constexpr std::uint32_t kSequence = 1, kPort = 7;
  const NetlinkBytes bytes(data, size);
  static_cast<void>(parse_link_names(bytes));
  static_cast<void>(parse_queueing_disciplines(bytes));
  static_cast<void>(parse_family_number(bytes));
  static_cast<void>(parse_wifi_interfaces(bytes, kFamily));
  static_cast<void>(parse_wifi_network(bytes, kFamily));
  static_cast<void>(parse_wifi_stations(bytes, kFamily));
  if (const auto routes = parse_routes(bytes)) {
    for (const Route& route : *routes) PIMAN_CHECK(!route.destination.empty());
  }
  NetlinkAttributes attributes(bytes);
  std::size_t total = 0;
  while (const auto attribute = attributes.next()) total += sizeof(::nlattr) + attribute->value.size();
  PIMAN_CHECK(total <= size);
  NetlinkAnswer answer(kSequence, kPort);
  for (std::size_t half = 0; half < 2; ++half) {
    const auto state = answer.add(half == 0 ? bytes.first(size / 2) : bytes);
    if (!state || *state != NetlinkAnswer::State::kMore) break;
  }
  const auto kept = answer.take_messages();
  NetlinkMessages messages(kept);
  while (const auto message = messages.next()) {
    PIMAN_CHECK(message->sequence == kSequence && message->port == kPort && message->type != NLMSG_DONE);
  }
  PIMAN_CHECK(!messages.broken());
  return 0;
}
