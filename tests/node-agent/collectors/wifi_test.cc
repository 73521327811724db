// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/wifi.h"

#include <linux/genetlink.h>
#include <linux/nl80211.h>

#include <cerrno>

#include "node-agent/wifi_messages.h"
#include "tests/node-agent/scripted_netlink.h"

namespace piman::agent {
namespace {

using test_netlink::Bytes;
using test_netlink::operator+;
using test_netlink::samples_of;
using test_netlink::ScriptedNetlink;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::uint16_t kFamily = 28;
const Bytes kAddress = {2, 0, 0, 0, 0, 1};

template <class Number>
Bytes bytes_of(Number value) {
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(&value);
  return {bytes, bytes + sizeof value};
}
Bytes text(std::string_view value) { return Bytes(value.begin(), value.end()); }

Bytes message(Bytes attributes, std::uint16_t family = kFamily) {
  Bytes body = NetlinkBody(::genlmsghdr{}).take() + attributes;
  return encode_netlink_message(family, 0, 1, body);
}

Bytes interface(const char* name, std::uint32_t index, std::uint32_t megahertz) {
  NetlinkBody body;
  body.add(NL80211_ATTR_IFINDEX, index);
  if (name != nullptr) body.add(NL80211_ATTR_IFNAME, text(name) + Bytes{0});
  if (megahertz != 0) body.add(NL80211_ATTR_WIPHY_FREQ, megahertz);
  return message(body.take());
}

Bytes network(std::string_view ssid, std::optional<std::uint32_t> status) {
  const Bytes supported_rates = {1, 2, 0x82, 0x84};
  const Bytes name = Bytes{0, static_cast<std::uint8_t>(ssid.size())} + text(ssid);
  NetlinkBody body;
  body.add(NL80211_BSS_BSSID, kAddress);
  body.add(NL80211_BSS_INFORMATION_ELEMENTS, supported_rates + name + Bytes{3, 1, 36});
  if (status) body.add(NL80211_BSS_STATUS, *status);
  return message(NetlinkBody().add(NL80211_ATTR_BSS, body.take()).take());
}

Bytes station() {
  const Bytes receive_rate = NetlinkBody()
                                 .add(NL80211_RATE_INFO_BITRATE, bytes_of(std::uint16_t{1}))
                                 .add(NL80211_RATE_INFO_BITRATE32, 4333U)
                                 .take();
  const Bytes transmit_rate = NetlinkBody().add(NL80211_RATE_INFO_BITRATE, bytes_of(std::uint16_t{60})).take();
  NetlinkBody facts;
  facts.add(NL80211_STA_INFO_INACTIVE_TIME, 1701U)
      .add(NL80211_STA_INFO_CONNECTED_TIME, 30U)
      .add(NL80211_STA_INFO_RX_BYTES, 705'032'705U)
      .add(NL80211_STA_INFO_RX_BYTES64, bytes_of(std::uint64_t{5'000'000'001}))
      .add(NL80211_STA_INFO_TX_BYTES, 300U)
      .add(NL80211_STA_INFO_SIGNAL, bytes_of(std::int8_t{-52}))
      .add(NL80211_STA_INFO_RX_BITRATE, receive_rate)
      .add(NL80211_STA_INFO_TX_BITRATE, transmit_rate)
      .add(NL80211_STA_INFO_TX_RETRIES, 10U)
      .add(NL80211_STA_INFO_TX_FAILED, 2U)
      .add(NL80211_STA_INFO_BEACON_LOSS, 1U);
  return message(NetlinkBody().add(NL80211_ATTR_MAC, kAddress).add(NL80211_ATTR_STA_INFO, facts.take()).take());
}

ScriptedNetlink one_client() {
  ScriptedNetlink answers;
  answers.say(GENL_ID_CTRL, message(NetlinkBody().add(CTRL_ATTR_FAMILY_ID, bytes_of(kFamily)).take(), GENL_ID_CTRL),
              CTRL_CMD_GETFAMILY);
  answers.say(kFamily, interface("wlan0", 3, 5180) + interface(nullptr, 0, 0), NL80211_CMD_GET_INTERFACE);
  answers.say(kFamily,
              network("neighbours", std::nullopt) + network("a \"net\" \xc3\xbc", NL80211_BSS_STATUS_ASSOCIATED),
              NL80211_CMD_GET_SCAN);
  answers.say(kFamily, station(), NL80211_CMD_GET_STATION);
  return answers;
}

std::string page_of(const ScriptedNetlink& answers) { return samples_of(*make_wifi_collector_from(answers.make())); }

// As node_exporter writes these facts when it is given them as its own fixtures.
TEST(Wifi, AClient) {
  EXPECT_EQ(page_of(one_client()), R"(node_wifi_interface_frequency_hertz{device="wlan0"} 5.18e+09
node_wifi_station_beacon_loss_total{device="wlan0",mac_address="02:00:00:00:00:01"} 1
node_wifi_station_connected_seconds_total{device="wlan0",mac_address="02:00:00:00:00:01"} 30
node_wifi_station_inactive_seconds{device="wlan0",mac_address="02:00:00:00:00:01"} 1.701
node_wifi_station_info{bssid="02:00:00:00:00:01",device="wlan0",mode="client",ssid="a \"net\" )"
                                   "\xc3\xbc"
                                   R"("} 1
node_wifi_station_receive_bits_per_second{device="wlan0",mac_address="02:00:00:00:00:01"} 4.333e+08
node_wifi_station_receive_bytes_total{device="wlan0",mac_address="02:00:00:00:00:01"} 5.000000001e+09
node_wifi_station_signal_dbm{device="wlan0",mac_address="02:00:00:00:00:01"} -52
node_wifi_station_transmit_bits_per_second{device="wlan0",mac_address="02:00:00:00:00:01"} 6e+06
node_wifi_station_transmit_bytes_total{device="wlan0",mac_address="02:00:00:00:00:01"} 300
node_wifi_station_transmit_failed_total{device="wlan0",mac_address="02:00:00:00:00:01"} 2
node_wifi_station_transmit_retries_total{device="wlan0",mac_address="02:00:00:00:00:01"} 10
)");
}

TEST(Wifi, NothingButAnInterface) {
  for (const int error : {EOPNOTSUPP, ENOENT, ENODEV}) {
    auto answers = one_client();
    answers.refuse(kFamily, error, NL80211_CMD_GET_SCAN).refuse(kFamily, error, NL80211_CMD_GET_STATION);
    EXPECT_EQ(page_of(answers), "node_wifi_interface_frequency_hertz{device=\"wlan0\"} 5.18e+09\n") << error;
  }
  auto answers = one_client();
  answers.say(kFamily, interface("wlan1", 4, 0), NL80211_CMD_GET_INTERFACE);
  answers.say(kFamily, {}, NL80211_CMD_GET_SCAN).say(kFamily, {}, NL80211_CMD_GET_STATION);
  EXPECT_EQ(page_of(answers), "node_wifi_interface_frequency_hertz{device=\"wlan1\"} 0\n");
}

TEST(Wifi, AMachineWithout) {
  EXPECT_EQ(samples_of(*make_wifi_collector_from(nullptr)), "absent\n");
  for (const int error : {ENOENT, EPERM, EACCES}) {
    EXPECT_EQ(page_of(ScriptedNetlink().refuse(GENL_ID_CTRL, error, CTRL_CMD_GETFAMILY)), "absent\n") << error;
  }
  EXPECT_EQ(page_of(one_client().say(kFamily, {}, NL80211_CMD_GET_INTERFACE)), "");
}

TEST(Wifi, WhatFails) {
  EXPECT_THAT(page_of(ScriptedNetlink().refuse(GENL_ID_CTRL, EIO, CTRL_CMD_GETFAMILY)), StartsWith("error: "));
  EXPECT_THAT(page_of(ScriptedNetlink().say(GENL_ID_CTRL, {}, CTRL_CMD_GETFAMILY)), HasSubstr("no number for nl80211"));
  EXPECT_THAT(page_of(one_client().refuse(kFamily, EIO, NL80211_CMD_GET_INTERFACE)),
              StartsWith("error: wireless inter"));
  EXPECT_THAT(page_of(one_client().refuse(kFamily, EIO, NL80211_CMD_GET_SCAN)),
              StartsWith("error: wlan0: wireless net"));
  const std::string page = page_of(one_client().say(kFamily, message({9, 9}), NL80211_CMD_GET_STATION));
  EXPECT_THAT(page, StartsWith("error: wlan0: the list of wireless stations is broken\n"));
  EXPECT_THAT(page, HasSubstr("node_wifi_station_info"));  // what was known before stays
  Bytes many;
  for (std::uint32_t i = 0; i < 33; ++i) many = many + interface(concat("wlan", i).c_str(), i + 1, 0);
  EXPECT_THAT(page_of(one_client().say(kFamily, many, NL80211_CMD_GET_INTERFACE)),
              StartsWith("error: more than 32 wireless interfaces\n"));
}

TEST(WifiMessages, OthersArePassedOver) {
  const Bytes foreign = message(NetlinkBody().add(NL80211_ATTR_IFINDEX, 1U).take(), kFamily + 1);
  EXPECT_TRUE(parse_wifi_interfaces(foreign, kFamily).value().empty());
  EXPECT_FALSE(parse_family_number(foreign));
}

TEST(WifiMessages, NumbersOfAWrongLength) {
  const Bytes one = {1};
  EXPECT_FALSE(parse_wifi_interfaces(message(NetlinkBody().add(NL80211_ATTR_IFINDEX, one).take()), kFamily));
  EXPECT_FALSE(parse_wifi_interfaces(message(NetlinkBody().add(NL80211_ATTR_WIPHY_FREQ, one).take()), kFamily));
  const Bytes status = NetlinkBody().add(NL80211_BSS_STATUS, one).take();
  EXPECT_FALSE(parse_wifi_network(message(NetlinkBody().add(NL80211_ATTR_BSS, status).take()), kFamily));
  const Bytes rate = NetlinkBody().add(NL80211_RATE_INFO_BITRATE, one).take();
  for (const auto& [type, value] : {std::pair<std::uint16_t, Bytes>{NL80211_STA_INFO_SIGNAL, {}},
                                    {NL80211_STA_INFO_RX_BYTES64, Bytes(4)},
                                    {NL80211_STA_INFO_TX_FAILED, one},
                                    {NL80211_STA_INFO_TX_BITRATE, rate}}) {
    const Bytes facts = NetlinkBody().add(type, value).take();
    EXPECT_FALSE(parse_wifi_stations(message(NetlinkBody().add(NL80211_ATTR_STA_INFO, facts).take()), kFamily)) << type;
  }
}

TEST(WifiMessages, AnSsidOfABrokenBeacon) {
  for (const Bytes& elements : {Bytes{}, Bytes{0}, Bytes{0, 1}, Bytes{0, 9, 'x'}, Bytes{5, 200, 0, 1, 'x'}}) {
    const Bytes body = NetlinkBody().add(NL80211_BSS_INFORMATION_ELEMENTS, elements).add(NL80211_BSS_STATUS, 1U).take();
    const auto found = parse_wifi_network(message(NetlinkBody().add(NL80211_ATTR_BSS, body).take()), kFamily);
    ASSERT_TRUE(found);
    ASSERT_TRUE(*found);
    EXPECT_EQ((*found)->ssid, "");
  }
}

TEST(WifiMessages, CutAtEveryByte) {
  test_netlink::expect_whole_messages_only(interface("wlan0", 3, 5180) + interface("wlan1", 4, 0), 2,
                                           [](NetlinkBytes bytes) { return parse_wifi_interfaces(bytes, kFamily); });
  test_netlink::expect_whole_messages_only(station() + station(), 2,
                                           [](NetlinkBytes bytes) { return parse_wifi_stations(bytes, kFamily); });
  const Bytes networks = network("one", 1);
  for (std::size_t length = 1; length < networks.size(); ++length) {
    EXPECT_FALSE(parse_wifi_network(NetlinkBytes(networks).first(length), kFamily)) << length;
  }
}

TEST(WifiMessages, Modes) {
  EXPECT_STREQ(wifi_mode(NL80211_BSS_STATUS_AUTHENTICATED), "client");
  EXPECT_STREQ(wifi_mode(NL80211_BSS_STATUS_IBSS_JOINED), "ad-hoc");
  EXPECT_STREQ(wifi_mode(3), "unknown");
}

}  // namespace
}  // namespace piman::agent
