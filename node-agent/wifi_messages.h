// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "node-agent/netlink_codec.h"

/// What nl80211 says of wireless devices, over generic netlink. Pure. Source: linux/nl80211.h, linux/genetlink.h.
/// Errors of every parse: a message that is broken or too short, or a number of the wrong length.
namespace piman::agent {

struct WifiInterface {
  std::uint32_t index = 0;
  std::string name;             ///< empty: a helper of the driver's, not a network device
  std::uint32_t megahertz = 0;  ///< 0: on no channel
};

/// The network that an interface is part of.
struct WifiNetwork {
  std::string bssid;  ///< "b8:27:eb:6c:4c:16"
  std::string ssid;   ///< any bytes
  std::uint32_t status = 0;
};

/// Who is at the other end: the access point of a client, or each client of an access point.
struct WifiStation {
  std::string address;
  std::uint32_t connected_seconds = 0, inactive_milliseconds = 0;
  std::uint64_t received_bytes = 0, transmitted_bytes = 0;
  std::uint64_t receive_bits_per_second = 0, transmit_bits_per_second = 0;
  std::int8_t signal_dbm = 0;
  std::uint32_t transmit_retries = 0, transmit_failures = 0, beacon_losses = 0;
};

/// The number that the kernel gave a generic netlink family; nothing where the answer holds none.
std::optional<std::uint16_t> parse_family_number(NetlinkBytes messages);
/// Everything below is in messages of the type `family`.
Result<std::vector<WifiInterface>> parse_wifi_interfaces(NetlinkBytes messages, std::uint16_t family);
/// The one among the networks in sight that the interface takes part in; nothing where it is in none.
Result<std::optional<WifiNetwork>> parse_wifi_network(NetlinkBytes messages, std::uint16_t family);
Result<std::vector<WifiStation>> parse_wifi_stations(NetlinkBytes messages, std::uint16_t family);

/// "client", "ad-hoc", "unknown".
const char* wifi_mode(std::uint32_t status);

}  // namespace piman::agent
