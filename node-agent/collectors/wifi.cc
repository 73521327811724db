// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/wifi.h"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/nl80211.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/text.h"
#include "node-agent/netlink_codec.h"
#include "node-agent/wifi_messages.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

/// A Pi has one or two, and each is asked for twice.
constexpr std::size_t kMostInterfaces = 32;

double in_seconds(std::uint32_t milliseconds) {
  constexpr std::uint32_t kSecond = 1000;
  return static_cast<double>(milliseconds / kSecond) + static_cast<double>(milliseconds % kSecond) / kSecond;
}

struct Interface {
  WifiInterface own;
  std::optional<WifiNetwork> network;
  std::vector<WifiStation> stations;
};

class WifiCollector final : public Collector {
 public:
  explicit WifiCollector(std::unique_ptr<NetlinkSource> netlink) : netlink_(std::move(netlink)) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    if (!netlink_) return Outcome::kAbsent;
    const auto family = find_family();
    if (!family) return fail(family.error().message);
    if (*family == kNoFamily) return Outcome::kAbsent;
    const auto listed = messages_of(ask(*family, NL80211_CMD_GET_INTERFACE, nullptr), "wireless interfaces");
    if (!listed) return fail(listed.error().message);
    auto found = parse_wifi_interfaces(*listed, *family);
    if (!found) return fail(found.error().message);
    std::vector<Interface> interfaces;
    std::optional<std::string> problem;
    for (WifiInterface& own : *found) {
      if (own.name.empty()) continue;
      if (interfaces.size() == kMostInterfaces) {
        problem = concat("more than ", kMostInterfaces, " wireless interfaces");
        break;
      }
      Interface& interface = interfaces.emplace_back();
      interface.own = std::move(own);
      problem = ask_about(interface, *family);
      if (problem) break;
    }
    write(interfaces, out);
    if (problem) return fail(*problem);
    return Outcome::kCollected;
  }

 private:
  using Interfaces = std::vector<Interface>;
  using Reply = Result<NetlinkReply>;
  static constexpr std::uint16_t kNoFamily = 0;

  /// nl80211's number, kNoFamily where this kernel has no wireless devices. It changes when its module is loaded anew.
  Result<std::uint16_t> find_family() {
    constexpr std::string_view kName{NL80211_GENL_NAME, sizeof NL80211_GENL_NAME};  // its NUL belongs to it
    ::genlmsghdr head{};
    head.cmd = CTRL_CMD_GETFAMILY;
    head.version = 1;
    NetlinkBody body(head);
    body.add(CTRL_ATTR_FAMILY_NAME, {reinterpret_cast<const std::uint8_t*>(kName.data()), kName.size()});
    auto reply = netlink_->ask({NETLINK_GENERIC, GENL_ID_CTRL, false, body.take()});
    const bool is_absent = reply && (reply->refusal == ENOENT || reply->refusal == EPERM || reply->refusal == EACCES);
    if (is_absent) return kNoFamily;
    const auto messages = messages_of(std::move(reply), "wireless devices");
    if (!messages) return fail(messages.error().message);
    const auto number = parse_family_number(*messages);
    if (!number || *number < GENL_MIN_ID) return fail("the kernel gives no number for nl80211");
    return *number;
  }

  Reply ask(std::uint16_t family, std::uint8_t command, const WifiInterface* about) {
    ::genlmsghdr head{};
    head.cmd = command;
    head.version = 1;
    NetlinkBody body(head);
    if (about != nullptr) body.add(NL80211_ATTR_IFINDEX, about->index);
    return netlink_->ask({NETLINK_GENERIC, family, true, body.take()});
  }

  /// A refusal that says that there is nothing to tell: the firmware of some Pis can't list stations, and an interface
  /// may be gone since it was listed.
  static bool has_nothing_to_tell(const Reply& reply) {
    return reply && (reply->refusal == EOPNOTSUPP || reply->refusal == ENOENT || reply->refusal == ENODEV);
  }

  /// The problem, when there is one.
  std::optional<std::string> ask_about(Interface& interface, std::uint16_t family) {
    const std::string& name = interface.own.name;
    auto reply = ask(family, NL80211_CMD_GET_SCAN, &interface.own);
    if (!has_nothing_to_tell(reply)) {
      const auto messages = messages_of(std::move(reply), concat(name, ": wireless networks"));
      if (!messages) return messages.error().message;
      auto network = parse_wifi_network(*messages, family);
      if (!network) return concat(name, ": ", network.error().message);
      interface.network = std::move(*network);
    }
    reply = ask(family, NL80211_CMD_GET_STATION, &interface.own);
    if (has_nothing_to_tell(reply)) return std::nullopt;
    const auto messages = messages_of(std::move(reply), concat(name, ": wireless stations"));
    if (!messages) return messages.error().message;
    auto stations = parse_wifi_stations(*messages, family);
    if (!stations) return concat(name, ": ", stations.error().message);
    interface.stations = std::move(*stations);
    return std::nullopt;
  }

  void write(const Interfaces& interfaces, prom_text::Writer& out) const {
    out.family(frequency_);
    constexpr double kMegahertz = 1e6;
    for (const Interface& interface : interfaces) {
      out.sample({{"device", interface.own.name}}, interface.own.megahertz * kMegahertz);
    }
    const auto of = [&](const Family& family, auto value) {
      out.family(family);
      for (const Interface& interface : interfaces) {
        for (const WifiStation& station : interface.stations) {
          out.sample({{"device", interface.own.name}, {"mac_address", station.address}}, value(station));
        }
      }
    };
    of(beacon_losses_, [](const WifiStation& station) { return std::uint64_t{station.beacon_losses}; });
    of(connected_, [](const WifiStation& station) { return std::uint64_t{station.connected_seconds}; });
    of(inactive_, [](const WifiStation& station) { return in_seconds(station.inactive_milliseconds); });
    write_networks(interfaces, out);
    of(receive_rate_, [](const WifiStation& station) { return station.receive_bits_per_second; });
    of(received_, [](const WifiStation& station) { return station.received_bytes; });
    of(signal_, [](const WifiStation& station) { return static_cast<double>(station.signal_dbm); });
    of(transmit_rate_, [](const WifiStation& station) { return station.transmit_bits_per_second; });
    of(transmitted_, [](const WifiStation& station) { return station.transmitted_bytes; });
    of(failures_, [](const WifiStation& station) { return std::uint64_t{station.transmit_failures}; });
    of(retries_, [](const WifiStation& station) { return std::uint64_t{station.transmit_retries}; });
  }

  void write_networks(const Interfaces& interfaces, prom_text::Writer& out) const {
    out.family(info_);
    for (const Interface& interface : interfaces) {
      if (!interface.network) continue;
      out.sample({{"bssid", interface.network->bssid},
                  {"device", interface.own.name},
                  {"mode", wifi_mode(interface.network->status)},
                  {"ssid", interface.network->ssid}},
                 std::uint64_t{1});
    }
  }

  std::unique_ptr<NetlinkSource> netlink_;
  const Family frequency_{"node_wifi_interface_frequency_hertz", Type::kGauge,
                          "Channel of a wireless interface, in hertz; 0 when it is on none."};
  const Family beacon_losses_{"node_wifi_station_beacon_loss_total", Type::kCounter,
                              "How often the beacons of a station were missed."};
  const Family connected_{"node_wifi_station_connected_seconds_total", Type::kCounter,
                          "Since when a station is connected, in seconds."};
  const Family inactive_{"node_wifi_station_inactive_seconds", Type::kGauge,
                         "Since when nothing was heard of a station, in seconds."};
  const Family info_{"node_wifi_station_info", Type::kGauge,
                     "Always 1; the labels name the network that a wireless interface is in."};
  const Family receive_rate_{"node_wifi_station_receive_bits_per_second", Type::kGauge,
                             "Rate at which a station was last received, in bits per second."};
  const Family received_{"node_wifi_station_receive_bytes_total", Type::kCounter, "Received from a station, in bytes."};
  const Family signal_{"node_wifi_station_signal_dbm", Type::kGauge, "How strong a station is heard, in dBm."};
  const Family transmit_rate_{"node_wifi_station_transmit_bits_per_second", Type::kGauge,
                              "Rate at which was last sent to a station, in bits per second."};
  const Family transmitted_{"node_wifi_station_transmit_bytes_total", Type::kCounter, "Sent to a station, in bytes."};
  const Family failures_{"node_wifi_station_transmit_failed_total", Type::kCounter,
                         "Packets that a station did not get, after all retries."};
  const Family retries_{"node_wifi_station_transmit_retries_total", Type::kCounter,
                        "How often a packet to a station was sent again."};
};

}  // namespace

Result<std::unique_ptr<Collector>> make_wifi_collector(const CollectorContext& context) {
  return make_wifi_collector_from(make_kernel_netlink(context.paths));
}

std::unique_ptr<Collector> make_wifi_collector_from(std::unique_ptr<NetlinkSource> netlink) {
  return std::make_unique<WifiCollector>(std::move(netlink));
}

}  // namespace piman::agent
