// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/zoneinfo.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kZoneinfo =
    "Node 0, zone      DMA\n"
    "  per-node stats\n"
    "      nr_inactive_anon 95612\n"
    "      nr_dirtied   1.5\n"
    "  pages free     2949\n"
    "        min      8\n"
    "        low      11\n"
    "        high     14\n"
    "        spanned  4095\n"
    "        present  3997\n"
    "        managed  3973\n"
    "        protection: (0, 2039, 32073)\n"
    "      nr_free_pages 2949\n"
    "      numa_hit     105914\n"
    "  pagesets\n"
    "    cpu: 0\n"
    "              count: 0\n"
    "              high:  9\n"
    "Node 0, zone   Normal\n"
    "  pages free     23461\n"
    "        min      12981\n"
    "      nr_kernel_stack 17\n";

TEST(Zoneinfo, Page) {
  TempTree tree({{"proc/zoneinfo", kZoneinfo}});
  EXPECT_EQ(CollectorHarness("zoneinfo", tree.path()).page(),
            "node_zoneinfo_high_pages{node=\"0\",zone=\"DMA\"} 14\n"
            "node_zoneinfo_low_pages{node=\"0\",zone=\"DMA\"} 11\n"
            "node_zoneinfo_managed_pages{node=\"0\",zone=\"DMA\"} 3973\n"
            "node_zoneinfo_min_pages{node=\"0\",zone=\"DMA\"} 8\n"
            "node_zoneinfo_min_pages{node=\"0\",zone=\"Normal\"} 12981\n"
            "node_zoneinfo_nr_free_pages{node=\"0\",zone=\"DMA\"} 2949\n"
            "node_zoneinfo_nr_inactive_anon_pages{node=\"0\",zone=\"DMA\"} 95612\n"
            "node_zoneinfo_nr_kernel_stacks{node=\"0\",zone=\"Normal\"} 17\n"
            "node_zoneinfo_numa_hit_total{node=\"0\",zone=\"DMA\"} 105914\n"
            "node_zoneinfo_present_pages{node=\"0\",zone=\"DMA\"} 3997\n"
            "node_zoneinfo_protection_0{node=\"0\",zone=\"DMA\"} 0\n"
            "node_zoneinfo_protection_1{node=\"0\",zone=\"DMA\"} 2039\n"
            "node_zoneinfo_protection_2{node=\"0\",zone=\"DMA\"} 32073\n"
            "node_zoneinfo_spanned_pages{node=\"0\",zone=\"DMA\"} 4095\n");
}

TEST(Zoneinfo, EveryFieldIsFoundByItsKey) {
  for (const char* key :
       {"high", "low", "managed", "min", "nr_active_anon", "nr_anon_transparent_hugepages", "nr_dirtied", "nr_dirty",
        "nr_mlock_stack", "nr_written", "numa_foreign", "numa_other", "present", "scanned", "spanned"}) {
    EXPECT_TRUE(zone_field(key)) << key;
  }
  for (const char* other : {"", "high:", "nr_zspages", "pages", "zzz"}) EXPECT_FALSE(zone_field(other)) << other;
}

TEST(Zoneinfo, StrangeProtectionIsLeftOut) {
  EXPECT_THAT(parse_zoneinfo("Node 0, zone DMA\nprotection: (1, 2)\n").at(0).protection, ElementsAre(1, 2));
  for (const char* bad : {"protection: 1, 2", "protection: (1, x)", "protection:", "protection: ("}) {
    EXPECT_TRUE(parse_zoneinfo(concat("Node 0, zone DMA\n", bad)).at(0).protection.empty()) << bad;
  }
}

TEST(Zoneinfo, MissingOrEmptyIsAnError) {
  TempTree tree({{"proc/zoneinfo", "\n"}});
  EXPECT_THAT(CollectorHarness("zoneinfo", tree.path()).page(), HasSubstr("zoneinfo: no zones"));
  tree.remove("proc/zoneinfo");
  EXPECT_THAT(CollectorHarness("zoneinfo", tree.path()).page(), HasSubstr("zoneinfo: No such file"));
}

TEST(Zoneinfo, SurvivesTruncation) { expect_survives_truncation("zoneinfo", "proc/zoneinfo", kZoneinfo); }

}  // namespace
}  // namespace piman::agent
