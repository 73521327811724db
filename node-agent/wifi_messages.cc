// SPDX-License-Identifier: Apache-2.0
#include "node-agent/wifi_messages.h"

#include <linux/genetlink.h>
#include <linux/nl80211.h>

#include <string_view>
#include <utility>

#include "common/text.h"

namespace piman::agent {
namespace {

std::string address_text_of(NetlinkBytes address) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : address) {
    if (!text.empty()) text.push_back(':');
    text.push_back(kDigits[byte >> 4U]);
    text.push_back(kDigits[byte & 0xfU]);
  }
  return text;
}

template <class Number, class Target>
bool take(const NetlinkAttribute& attribute, Target& target) {
  const auto value = netlink_value<Number>(attribute.value);
  if (value) target = *value;
  return value.has_value();
}

/// Gives each attribute to `taker`, until it says no. False then, or when the attributes are broken.
template <class Taker>
bool take_each(NetlinkBytes bytes, const Taker& taker) {
  NetlinkAttributes attributes(bytes);
  while (const auto attribute = attributes.next()) {
    if (!taker(*attribute)) return false;
  }
  return !attributes.broken();
}

/// Gives the attributes of each message of the family to `taker`, until it says no.
template <class Taker>
bool take_messages(NetlinkBytes messages, std::uint16_t family, const Taker& taker) {
  NetlinkMessages walk(messages);
  while (const auto message = walk.next()) {
    if (message->type != family) continue;
    if (message->payload.size() < sizeof(::genlmsghdr)) return false;
    if (!taker(message->payload.subspan(sizeof(::genlmsghdr)))) return false;
  }
  return !walk.broken();
}

/// The network's name among the elements of a beacon: each has a number, a length of one byte, and a value. One that is
/// cut off by the air is no reason to know nothing of the rest. Source: IEEE 802.11-2020, 9.4.2.1 and 9.4.2.2.
std::string ssid_of(NetlinkBytes elements) {
  constexpr std::uint8_t kSsid = 0;
  constexpr std::size_t kHead = 2;
  while (elements.size() >= kHead && elements.size() - kHead >= elements[1]) {
    const NetlinkBytes value = elements.subspan(kHead, elements[1]);
    if (elements[0] == kSsid) return {value.begin(), value.end()};
    elements = elements.subspan(kHead + value.size());
  }
  return {};
}

/// Only the network that an interface takes part in has a status.
bool take_network(NetlinkBytes bytes, std::optional<WifiNetwork>& found) {
  WifiNetwork network;
  bool has_status = false;
  const bool ok = take_each(bytes, [&](const NetlinkAttribute& attribute) {
    if (attribute.type == NL80211_BSS_BSSID) network.bssid = address_text_of(attribute.value);
    if (attribute.type == NL80211_BSS_INFORMATION_ELEMENTS) network.ssid = ssid_of(attribute.value);
    if (attribute.type != NL80211_BSS_STATUS) return true;
    has_status = true;
    return take<std::uint32_t>(attribute, network.status);
  });
  if (ok && has_status && !found) found = std::move(network);
  return ok;
}

/// The rate in units of 100 kbit/s: in 32 bits, and in 16 for those who know no better.
bool take_rate(NetlinkBytes bytes, std::uint64_t& bits_per_second) {
  std::uint32_t rate = 0, short_rate = 0;
  const bool ok = take_each(bytes, [&](const NetlinkAttribute& attribute) {
    if (attribute.type == NL80211_RATE_INFO_BITRATE32) return take<std::uint32_t>(attribute, rate);
    if (attribute.type == NL80211_RATE_INFO_BITRATE) return take<std::uint16_t>(attribute, short_rate);
    return true;
  });
  constexpr std::uint64_t kUnit = 100'000;
  bits_per_second = (rate != 0 ? rate : short_rate) * kUnit;
  return ok;
}

bool take_station(NetlinkBytes bytes, WifiStation& station) {
  std::uint32_t short_received = 0, short_transmitted = 0;  // wrap at 4 GiB; old drivers know no others
  const bool ok = take_each(bytes, [&](const NetlinkAttribute& attribute) {
    switch (attribute.type) {
      case NL80211_STA_INFO_CONNECTED_TIME:
        return take<std::uint32_t>(attribute, station.connected_seconds);
      case NL80211_STA_INFO_INACTIVE_TIME:
        return take<std::uint32_t>(attribute, station.inactive_milliseconds);
      case NL80211_STA_INFO_RX_BYTES:
        return take<std::uint32_t>(attribute, short_received);
      case NL80211_STA_INFO_TX_BYTES:
        return take<std::uint32_t>(attribute, short_transmitted);
      case NL80211_STA_INFO_RX_BYTES64:
        return take<std::uint64_t>(attribute, station.received_bytes);
      case NL80211_STA_INFO_TX_BYTES64:
        return take<std::uint64_t>(attribute, station.transmitted_bytes);
      case NL80211_STA_INFO_RX_BITRATE:
        return take_rate(attribute.value, station.receive_bits_per_second);
      case NL80211_STA_INFO_TX_BITRATE:
        return take_rate(attribute.value, station.transmit_bits_per_second);
      case NL80211_STA_INFO_SIGNAL:
        return take<std::int8_t>(attribute, station.signal_dbm);
      case NL80211_STA_INFO_TX_RETRIES:
        return take<std::uint32_t>(attribute, station.transmit_retries);
      case NL80211_STA_INFO_TX_FAILED:
        return take<std::uint32_t>(attribute, station.transmit_failures);
      case NL80211_STA_INFO_BEACON_LOSS:
        return take<std::uint32_t>(attribute, station.beacon_losses);
      default:
        return true;
    }
  });
  if (station.received_bytes == 0) station.received_bytes = short_received;
  if (station.transmitted_bytes == 0) station.transmitted_bytes = short_transmitted;
  return ok;
}

}  // namespace

std::optional<std::uint16_t> parse_family_number(NetlinkBytes messages) {
  std::optional<std::uint16_t> number;
  take_messages(messages, GENL_ID_CTRL, [&](NetlinkBytes bytes) {
    return take_each(bytes, [&](const NetlinkAttribute& attribute) {
      if (attribute.type == CTRL_ATTR_FAMILY_ID) number = netlink_value<std::uint16_t>(attribute.value);
      return true;
    });
  });
  return number;
}

Result<std::vector<WifiInterface>> parse_wifi_interfaces(NetlinkBytes messages, std::uint16_t family) {
  std::vector<WifiInterface> interfaces;
  const bool ok = take_messages(messages, family, [&](NetlinkBytes bytes) {
    WifiInterface& interface = interfaces.emplace_back();
    return take_each(bytes, [&](const NetlinkAttribute& attribute) {
      switch (attribute.type) {
        case NL80211_ATTR_IFINDEX:
          return take<std::uint32_t>(attribute, interface.index);
        case NL80211_ATTR_IFNAME:
          interface.name = netlink_text(attribute.value);
          return true;
        case NL80211_ATTR_WIPHY_FREQ:
          return take<std::uint32_t>(attribute, interface.megahertz);
        default:
          return true;
      }
    });
  });
  if (!ok) return fail("the list of wireless interfaces is broken");
  return interfaces;
}

Result<std::optional<WifiNetwork>> parse_wifi_network(NetlinkBytes messages, std::uint16_t family) {
  std::optional<WifiNetwork> found;
  const bool ok = take_messages(messages, family, [&](NetlinkBytes bytes) {
    return take_each(bytes, [&](const NetlinkAttribute& attribute) {
      return attribute.type != NL80211_ATTR_BSS || take_network(attribute.value, found);
    });
  });
  if (!ok) return fail("the list of wireless networks is broken");
  return found;
}

Result<std::vector<WifiStation>> parse_wifi_stations(NetlinkBytes messages, std::uint16_t family) {
  std::vector<WifiStation> stations;
  const bool ok = take_messages(messages, family, [&](NetlinkBytes bytes) {
    WifiStation station;
    bool has_facts = false;
    const bool taken = take_each(bytes, [&](const NetlinkAttribute& attribute) {
      if (attribute.type == NL80211_ATTR_MAC) station.address = address_text_of(attribute.value);
      if (attribute.type != NL80211_ATTR_STA_INFO) return true;
      has_facts = true;
      return take_station(attribute.value, station);
    });
    if (has_facts) stations.push_back(std::move(station));
    return taken;
  });
  if (!ok) return fail("the list of wireless stations is broken");
  return stations;
}

const char* wifi_mode(std::uint32_t status) {
  switch (status) {
    case NL80211_BSS_STATUS_AUTHENTICATED:
    case NL80211_BSS_STATUS_ASSOCIATED:
      return "client";
    case NL80211_BSS_STATUS_IBSS_JOINED:
      return "ad-hoc";
    default:
      return "unknown";
  }
}

}  // namespace piman::agent
