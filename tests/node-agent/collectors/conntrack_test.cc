// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/conntrack.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;

constexpr std::string_view kStatistics =
    "entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  "
    "expect_new expect_create expect_delete search_restart\n"
    "00000021  00000000 00000001 00000000 00000003 00000057 00000000 00000000 00000004 00000005 00000006 00000007 "
    "00000000  00000000 00000000 00000000 0000000a\n"
    "00000021  00000000 00000001 00000000 00000001 00000001 00000000 00000000 00000001 00000001 00000001 00000001 "
    "00000000  00000000 00000000 00000000 00000001\n";

TEST(Conntrack, AddsUpTheCpus) {
  TempTree tree({{"proc/sys/net/netfilter/nf_conntrack_count", "33\n"},
                 {"proc/sys/net/netfilter/nf_conntrack_max", "65536\n"},
                 {"proc/net/stat/nf_conntrack", kStatistics}});
  EXPECT_EQ(CollectorHarness("conntrack", tree.path()).page(),
            "node_nf_conntrack_entries 33\n"
            "node_nf_conntrack_entries_limit 65536\n"
            "node_nf_conntrack_stat_drop 7\n"
            "node_nf_conntrack_stat_early_drop 8\n"
            "node_nf_conntrack_stat_found 2\n"
            "node_nf_conntrack_stat_ignore 88\n"
            "node_nf_conntrack_stat_insert 5\n"
            "node_nf_conntrack_stat_insert_failed 6\n"
            "node_nf_conntrack_stat_invalid 4\n"
            "node_nf_conntrack_stat_search_restart 11\n");
}

TEST(Conntrack, AbsentWhereNothingTracks) {
  TempTree tree({{"proc/sys/net/", ""}});
  EXPECT_EQ(CollectorHarness("conntrack", tree.path()).page(), "absent\n");
}

TEST(Conntrack, TheTableSizeStandsEvenWhenTheStatisticsMayNotBeRead) {
  TempTree tree({{"proc/sys/net/netfilter/nf_conntrack_count", "33\n"},
                 {"proc/sys/net/netfilter/nf_conntrack_max", "65536\n"},
                 {"proc/net/stat/nf_conntrack/", ""}});
  const std::string page = CollectorHarness("conntrack", tree.path()).page();
  EXPECT_THAT(page, testing::HasSubstr("node_nf_conntrack_entries 33\nnode_nf_conntrack_entries_limit 65536\n"));
  EXPECT_THAT(page, testing::HasSubstr("error: reading "));
}

TEST(Conntrack, RefusesLinesThatAreNone) {
  EXPECT_FALSE(parse_conntrack_statistics("heading\n1 2 3\n"));
  EXPECT_FALSE(parse_conntrack_statistics("heading\n1 2 3 4 5 6 7 8 9 a b c d e f 10 x\n"));
  EXPECT_TRUE(parse_conntrack_statistics(""));
  EXPECT_TRUE(parse_conntrack_statistics("heading\n"));
}

TEST(Conntrack, SurvivesTruncation) {
  expect_survives_truncation("conntrack", "proc/sys/net/netfilter/nf_conntrack_count", "33\n");
  for (std::size_t length = 0; length < kStatistics.size(); ++length) {
    const auto totals = parse_conntrack_statistics(kStatistics.substr(0, length));
    EXPECT_TRUE(!totals || totals->found <= 2U) << length;
  }
}

}  // namespace
}  // namespace piman::agent
