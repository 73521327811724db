// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/ethtool.h"

#include <linux/ethtool.h>

#include <map>

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using ::testing::HasSubstr;
using ::testing::Not;

/// Answers by device.
struct FakeEthtool final : EthtoolSource {
  std::optional<EthtoolLink> link(const std::string& device) override { return find(links, device); }
  std::optional<EthtoolDriver> driver(const std::string& device) override { return find(drivers, device); }
  EthtoolStatistics statistics(const std::string& device) override { return numbers[device]; }

  template <class Map>
  static auto find(const Map& map, const std::string& device) -> std::optional<typename Map::mapped_type> {
    const auto found = map.find(device);
    if (found == map.end()) return std::nullopt;
    return found->second;
  }
  std::map<std::string, EthtoolLink> links;
  std::map<std::string, EthtoolDriver> drivers;
  std::map<std::string, EthtoolStatistics> numbers;
};

std::string page_of(const TempTree& tree, FakeEthtool answers, const std::string& exclude = "",
                    const std::string& metrics = ".*") {
  CollectorContext context;
  context.paths = tree.host_paths();
  context.options["ethtool.device-exclude"] = exclude;
  context.options["ethtool.metrics-include"] = metrics;
  const auto collector = make_ethtool_collector_from(context, std::make_unique<FakeEthtool>(std::move(answers)));
  if (!collector) return collector.error().message;
  prom_text::Writer out;
  const auto outcome = (*collector)->collect(out);
  return outcome ? out.text() : concat("error: ", outcome.error().message);
}

FakeEthtool one_card() {
  FakeEthtool answers;
  constexpr std::uint32_t kModes =
      1U << ETHTOOL_LINK_MODE_100baseT_Full_BIT | 1U << ETHTOOL_LINK_MODE_1000baseT_Full_BIT;
  answers.links["eth0"] = {
      kModes | 1U << ETHTOOL_LINK_MODE_TP_BIT | 1U << ETHTOOL_LINK_MODE_Autoneg_BIT | 1U << ETHTOOL_LINK_MODE_Pause_BIT,
      kModes, 1};
  answers.drivers["eth0"] = {"0000:00:1f.6", "bcm\"gen", "", "0.5-4", "6.1"};
  answers.numbers["eth0"] = {{"rx_bytes", 5}, {"[0]: tx_Ucast-packets", 6}, {"twice", 1}, {"twice ", 2}, {"led", 7}};
  answers.numbers["eth1"] = {{"led", 8}};
  return answers;
}

TEST(Ethtool, LinkDriverAndItsCounters) {
  TempTree tree({{"sys/class/net/eth0/", ""}, {"sys/class/net/eth1/", ""}, {"sys/class/net/bonding_masters", "\n"}});
  const std::string page = page_of(tree, one_card());
  EXPECT_THAT(page, HasSubstr("node_ethtool_info{bus_info=\"0000:00:1f.6\",device=\"eth0\",driver=\"bcm\\\"gen\","
                              "expansion_rom_version=\"\",firmware_version=\"0.5-4\",version=\"6.1\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("# TYPE node_ethtool_received_bytes_total untyped\n"
                              "node_ethtool_received_bytes_total{device=\"eth0\"} 5\n"));
  EXPECT_THAT(page, HasSubstr("node_ethtool_0_transmitted_ucast_packets{device=\"eth0\"} 6\n"));
  EXPECT_THAT(page, HasSubstr("node_ethtool_led{device=\"eth0\"} 7\nnode_ethtool_led{device=\"eth1\"} 8\n"));
  EXPECT_THAT(page, HasSubstr("node_network_advertised_speed_bytes{device=\"eth0\",duplex=\"full\",mode=\"100baseT\"} "
                              "1.25e+07\n"
                              "node_network_advertised_speed_bytes{device=\"eth0\",duplex=\"full\",mode=\"1000baseT\"} "
                              "1.25e+08\n"));
  EXPECT_THAT(page, HasSubstr("node_network_autonegotiate{device=\"eth0\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("node_network_autonegotiate_advertised{device=\"eth0\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("node_network_autonegotiate_supported{device=\"eth0\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("node_network_pause_supported{device=\"eth0\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("node_network_asymmetricpause_supported{device=\"eth0\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("node_network_supported_port_info{device=\"eth0\",type=\"TP\"} 1\n"));
}

TEST(Ethtool, DevicesAndCountersAreLeftOutByName) {
  TempTree tree({{"sys/class/net/eth0/", ""}, {"sys/class/net/eth1/", ""}});
  const std::string page = page_of(tree, one_card(), "^eth0$", "^x");
  EXPECT_THAT(page, Not(HasSubstr("eth0")));
  EXPECT_THAT(page, Not(HasSubstr("led")));
}

TEST(Ethtool, WithoutDevices) {
  TempTree none({{"sys/class/", ""}});
  EXPECT_EQ(page_of(none, {}), "");
  TempTree empty({{"sys/class/net/", ""}});
  EXPECT_THAT(page_of(empty, {}), HasSubstr("class/net: no devices"));
}

TEST(Ethtool, BothFiltersAtOnceAreRefused) {
  CollectorContext context;
  context.options["ethtool.device-exclude"] = "a";
  context.options["ethtool.device-include"] = "b";
  EXPECT_FALSE(make_ethtool_collector(context));
}

TEST(Ethtool, FamilyNames) {
  EXPECT_EQ(ethtool_family_name("rx_dropped"), "node_ethtool_received_dropped");
  EXPECT_EQ(ethtool_family_name("port.RX_tx-rx"), "node_ethtool_port_received_transmitted_received");
  EXPECT_EQ(ethtool_family_name("prx_bytes"), "node_ethtool_prx_bytes");
  EXPECT_EQ(ethtool_family_name("rxq"), "node_ethtool_rxq");
  EXPECT_EQ(ethtool_family_name("  rx"), "node_ethtool_received");
  EXPECT_EQ(ethtool_family_name("rx_rx_x"), "node_ethtool_received_rx_x");
  EXPECT_EQ(ethtool_family_name("___"), "node_ethtool_");
}

TEST(Ethtool, AskedOfThisKernel) {
  const auto source = make_ethtool_ioctl();
  if (!source) GTEST_SKIP() << source.error().message;
  (*source)->link("lo");
  (*source)->driver("lo");
  EXPECT_TRUE((*source)->statistics("lo").empty());
  EXPECT_FALSE((*source)->driver("no-such-device"));
  EXPECT_FALSE((*source)->driver("a-name-that-is-longer-than-any-device-may-have"));
}

}  // namespace
}  // namespace piman::agent
