// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/service_discovery.h"

#include <gtest/gtest.h>

#include "common/text.h"

namespace piman::manager {
namespace {

class ServiceDiscovery : public testing::Test {
 protected:
  ServiceDiscovery() {
    config_.site = "lab";
    fleet_.set_inventory({Host{"pi2", Ipv4Address(0x0A00'0002U), MacAddress({0xB8, 0x27, 0xEB, 0, 0, 2})},
                          Host{"pi1", Ipv4Address(0x0A00'0001U), MacAddress({0xB8, 0x27, 0xEB, 0, 0, 1})}},
                         WallTime{});
    ScrapeResult up;
    up.host_answered = true;
    fleet_.apply("pi1", up);
  }

  /// One line a target.
  std::string discover(std::string_view request_host = {}) const {
    std::string out;
    for (const DiscoveredTarget& target : discover_targets(*fleet_.snapshot(), config_, request_host)) {
      out += target.address;
      for (const auto& [name, value] : target.labels) out += concat(' ', name, '=', value);
      out += '\n';
    }
    return out;
  }

  Config config_;
  Fleet fleet_{1};
};

TEST_F(ServiceDiscovery, SaysOfEachNodeHowToScrapeItThroughTheManager) {
  EXPECT_EQ(discover(),
            "127.0.0.1:8080 __meta_piman_address=10.0.0.1 __meta_piman_mac=b8:27:eb:00:00:01 __meta_piman_phase=up "
            "__metrics_path__=/nodes/pi1/metrics __scheme__=http __scrape_interval__=15s __scrape_timeout__=5s "
            "instance=pi1 node=pi1 site=lab\n"
            "127.0.0.1:8080 __meta_piman_address=10.0.0.2 __meta_piman_mac=b8:27:eb:00:00:02 "
            "__meta_piman_phase=pending "
            "__metrics_path__=/nodes/pi2/metrics __scheme__=http __scrape_interval__=15s __scrape_timeout__=5s "
            "instance=pi2 node=pi2 site=lab\n");
}

TEST_F(ServiceDiscovery, TheAddressIsTheOneThatPrometheusReaches) {
  config_.web.listen_address = HostPort{"", 8080, false};
  EXPECT_TRUE(discover("manager:8080").starts_with("manager:8080 "));
  EXPECT_TRUE(discover("manager").starts_with("manager:80 "));
  EXPECT_TRUE(discover("[fd00::1]").starts_with("[fd00::1]:80 "));
  EXPECT_TRUE(discover("[fd00::1]:81").starts_with("[fd00::1]:81 "));
  config_.web.external_url = "https://piman.example/fleet";
  const std::string behind_proxy = discover("manager:8080");
  EXPECT_TRUE(behind_proxy.starts_with("piman.example:443 ")) << behind_proxy;
  EXPECT_NE(behind_proxy.find(" __metrics_path__=/fleet/nodes/pi1/metrics __scheme__=https "), std::string::npos);
}

TEST_F(ServiceDiscovery, AnEmptyFleetIsAnEmptyList) {
  fleet_.set_inventory({}, WallTime{});
  EXPECT_EQ(discover(), "");
}

}  // namespace
}  // namespace piman::manager
