// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/sockstat.h"

#include <unistd.h>

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kSockstat =
    "sockets: used 229\n"
    "TCP: inuse 4 orphan 0 tw 4 alloc 17 mem 2\n"
    "UDP: inuse 0 mem 0\n"
    "FRAG: inuse 0 memory 12\n";

TEST(Sockstat, BothVersionsOfIp) {
  TempTree tree(
      {{"proc/net/sockstat", kSockstat}, {"proc/net/sockstat6", "TCP6: inuse 17\nFRAG6: inuse 0 memory 3\n"}});
  const long page_bytes = ::sysconf(_SC_PAGESIZE);
  EXPECT_EQ(CollectorHarness("sockstat", tree.path()).page(), concat("node_sockstat_FRAG6_inuse 0\n"
                                                                     "node_sockstat_FRAG6_memory 3\n"
                                                                     "node_sockstat_FRAG_inuse 0\n"
                                                                     "node_sockstat_FRAG_memory 12\n"
                                                                     "node_sockstat_TCP6_inuse 17\n"
                                                                     "node_sockstat_TCP_alloc 17\n"
                                                                     "node_sockstat_TCP_inuse 4\n"
                                                                     "node_sockstat_TCP_mem 2\n"
                                                                     "node_sockstat_TCP_mem_bytes ",
                                                                     2 * page_bytes,
                                                                     "\nnode_sockstat_TCP_orphan 0\n"
                                                                     "node_sockstat_TCP_tw 4\n"
                                                                     "node_sockstat_UDP_inuse 0\n"
                                                                     "node_sockstat_UDP_mem 0\n"
                                                                     "node_sockstat_UDP_mem_bytes 0\n"
                                                                     "node_sockstat_sockets_used 229\n"));
}

TEST(Sockstat, WhatIsGoneLeavesNothingBehind) {
  TempTree tree({{"proc/net/sockstat", kSockstat}, {"proc/net/sockstat6", "TCP6: inuse 17\n"}});
  CollectorHarness harness("sockstat", tree.path());
  EXPECT_THAT(harness.page(), HasSubstr("TCP6_inuse"));
  tree.put("proc/net/sockstat6", "");
  EXPECT_THAT(harness.page(), Not(HasSubstr("TCP6_inuse")));
}

TEST(Sockstat, AKernelWithoutIpv6) {
  TempTree tree({{"proc/net/sockstat", "sockets: used 1\n"}});
  EXPECT_EQ(CollectorHarness("sockstat", tree.path()).page(), "node_sockstat_sockets_used 1\n");
}

TEST(Sockstat, AnUnreadableFileIsAnError) {
  TempTree tree({{"proc/net/sockstat/", ""}});
  EXPECT_THAT(CollectorHarness("sockstat", tree.path()).page(), StartsWith("error: reading "));
}

TEST(Sockstat, LinesThatAreNoneAreErrors) {
  for (const std::string_view line :
       {"", "TCP:", "TCP: inuse", "TCP: inuse x", "TCP: inuse 4 orphan", "T{P: inuse 4"}) {
    EXPECT_FALSE(parse_sockstat_line(line)) << line;
  }
  EXPECT_TRUE(parse_sockstat_line("TCP: inuse 4 other 5 mem -1"));
}

TEST(Sockstat, SurvivesTruncation) { expect_survives_truncation("sockstat", "proc/net/sockstat", kSockstat); }

}  // namespace
}  // namespace piman::agent
