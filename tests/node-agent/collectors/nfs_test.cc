// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/nfs.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kNfs =
    "net 70 3 67 2\n"
    "rpc 900 4 901\n"
    "proc3 22 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22\n"
    "proc4 3 7 8 9\n";

TEST(Nfs, CountsByProcedureAndVersion) {
  TempTree tree({{"proc/net/rpc/nfs", kNfs}});
  const std::string page = CollectorHarness("nfs", tree.path()).page();
  EXPECT_THAT(page, StartsWith("node_nfs_connections_total 2\n"
                               "node_nfs_packets_total{protocol=\"tcp\"} 67\n"
                               "node_nfs_packets_total{protocol=\"udp\"} 3\n"
                               "node_nfs_requests_total{method=\"Access\",proto=\"3\"} 5\n"
                               "node_nfs_requests_total{method=\"Access\",proto=\"4\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("node_nfs_requests_total{method=\"Commit\",proto=\"3\"} 22\n"
                              "node_nfs_requests_total{method=\"Commit\",proto=\"4\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("{method=\"Null\",proto=\"2\"} 0\n"
                              "node_nfs_requests_total{method=\"Null\",proto=\"3\"} 1\n"
                              "node_nfs_requests_total{method=\"Null\",proto=\"4\"} 7\n"));
  EXPECT_THAT(page, HasSubstr("node_nfs_rpc_authentication_refreshes_total 901\n"
                              "node_nfs_rpc_retransmissions_total 4\n"
                              "node_nfs_rpcs_total 900\n"));
}

TEST(Nfs, AMachineWithoutNfsHasNothingToReport) {
  TempTree tree({{"proc/stat", ""}});
  EXPECT_EQ(CollectorHarness("nfs", tree.path()).page(), "absent\n");
}

TEST(Nfs, AnUnreadableFileIsAnError) {
  TempTree tree({{"proc/net/rpc/nfs/", ""}});
  EXPECT_THAT(CollectorHarness("nfs", tree.path()).page(), HasSubstr("proc/net/rpc/nfs: Is a directory"));
}

TEST(Nfs, LinesThatLieAreErrors) {
  EXPECT_FALSE(parse_nfs_client_stats("net 1 2 3\n"));
  EXPECT_FALSE(parse_nfs_client_stats("net 1 2 3 x\n"));
  EXPECT_FALSE(parse_nfs_client_stats("rpc 1 2\n"));
  EXPECT_FALSE(parse_nfs_client_stats("proc3 3 1 2 3\n"));
  EXPECT_FALSE(parse_nfs_client_stats("proc4 9 1 2 3\n"));
  EXPECT_FALSE(parse_nfs_client_stats("net\n"));
  EXPECT_FALSE(parse_nfs_client_stats("net 1 2 -3 4\n"));
}

TEST(Nfs, PassesOverLinesOfKernelsToCome) {
  const auto stats = parse_nfs_client_stats("proc5 1 2\nrpc 5 6 7\n");
  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->calls, 5U);
}

TEST(Nfs, TakesMoreNumbersThanAnyKernelHas) {
  std::string line = "proc4 500";
  for (int i = 0; i < 500; ++i) line += " 1";
  EXPECT_FALSE(parse_nfs_client_stats(line));
}

TEST(Nfs, SurvivesTruncation) { expect_survives_truncation("nfs", "proc/net/rpc/nfs", kNfs); }

}  // namespace
}  // namespace piman::agent
