// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/rapl.h"

#include <limits>

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TempTree two_packages() {
  return TempTree({{"sys/class/powercap/intel-rapl/enabled", "1\n"},
                   {"sys/class/powercap/intel-rapl:0/name", "package-0\n"},
                   {"sys/class/powercap/intel-rapl:0/energy_uj", "240422366267\n"},
                   {"sys/class/powercap/intel-rapl:0:0/name", "dram\n"},
                   {"sys/class/powercap/intel-rapl:0:0/energy_uj", "1500000\n"},
                   {"sys/class/powercap/intel-rapl:1/name", "package-1\n"},
                   {"sys/class/powercap/intel-rapl:1/energy_uj", "250000\n"},
                   {"sys/class/powercap/intel-rapl:1:0/name", "dram\n"},
                   {"sys/class/powercap/intel-rapl:1:0/energy_uj", "3\n"}});
}

TEST(Rapl, JoulesByZone) {
  const TempTree tree = two_packages();
  const std::string path = tree.path("sys/class/powercap/intel-rapl");
  EXPECT_EQ(CollectorHarness("rapl", tree.path()).page(),
            concat("node_rapl_dram_joules_total{index=\"0\",path=\"", path, ":0:0\"} 1.5\n",
                   "node_rapl_dram_joules_total{index=\"1\",path=\"", path, ":1:0\"} 3e-06\n",
                   "node_rapl_package_joules_total{index=\"0\",path=\"", path, ":0\"} 240422.366267\n",
                   "node_rapl_package_joules_total{index=\"1\",path=\"", path, ":1\"} 0.25\n"));
}

TEST(Rapl, TheZoneAsALabel) {
  const TempTree tree = two_packages();
  CollectorHarness harness("rapl", tree.path());
  harness.set_option("rapl.enable-zone-label", "true");
  EXPECT_THAT(harness.page(),
              HasSubstr(concat("node_rapl_joules_total{index=\"1\",path=\"", tree.path("sys/class/powercap/intel-rapl"),
                               ":1\",rapl_zone=\"package\"} 0.25\n")));
}

TEST(Rapl, AMachineWithoutCountersHasNothingToReport) {
  TempTree tree({{"sys/class/", ""}});
  EXPECT_EQ(CollectorHarness("rapl", tree.path()).page(), "absent\n");
}

TEST(Rapl, AnUnreadableCounterIsAnError) {
  TempTree tree({{"sys/class/powercap/x:0/name", "core\n"}, {"sys/class/powercap/x:0/energy_uj/", ""}});
  EXPECT_THAT(CollectorHarness("rapl", tree.path()).page(), StartsWith("error: reading "));
  tree.remove("sys/class/powercap/x:0/energy_uj");
  tree.put("sys/class/powercap/x:0/energy_uj", "many");
  EXPECT_THAT(CollectorHarness("rapl", tree.path()).page(), HasSubstr("energy_uj: no whole number: \"many\""));
}

TEST(Rapl, ZonesOfOneNameAreNumbered) {
  std::map<std::string, long> uses;
  EXPECT_EQ(number_rapl_zone("dram", uses).index, 0);
  EXPECT_EQ(number_rapl_zone("dram", uses).index, 1);
  EXPECT_EQ(number_rapl_zone("package-3", uses).name, "package");
  EXPECT_EQ(number_rapl_zone("package", uses).index, 4);
  EXPECT_EQ(number_rapl_zone("a-b-1", uses).name, "a-b-1");
  EXPECT_EQ(number_rapl_zone(concat("x-", std::numeric_limits<long>::max()), uses).index,
            std::numeric_limits<long>::max());
  EXPECT_EQ(number_rapl_zone("x", uses).index, 0);
}

TEST(Rapl, SurvivesTruncation) { expect_survives_truncation("rapl", "sys/class/powercap/x:0/name", "package-0\n"); }

}  // namespace
}  // namespace piman::agent
