// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/nfsd.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kNfsd =
    "rc 1 6 18622\n"
    "fh 3 0 0 0 0\n"
    "io 157286400 72864\n"
    "th 8 0 0.000 0.100 0.000 0.000 0.000 0.000 0.000 0.000 0.000 0.000\n"
    "ra 32 0 0 0 0 0 0 0 0 0 0 5\n"
    "net 972 55 917 1\n"
    "rpc 18628 6 1 2 3\n"
    "proc4 2 2 10853\n"
    "proc4ops 40 0 0 0 1098 2 0 0 0 0 8179 5896 0 0 0 0 5900 0 0 2 0 2 0 9609 4 2 150 1272 0 0 0 1236 0 0 0 0 3 3 7 0 "
    "0\n"
    "wdeleg_getattr 17\n";

TEST(Nfsd, CountsOfTheServer) {
  TempTree tree({{"proc/net/rpc/nfsd", kNfsd}});
  const std::string page = CollectorHarness("nfsd", tree.path()).page();
  EXPECT_THAT(page, StartsWith("node_nfsd_connections_total 1\n"
                               "node_nfsd_disk_bytes_read_total 1.572864e+08\n"
                               "node_nfsd_disk_bytes_written_total 72864\n"
                               "node_nfsd_file_handles_stale_total 3\n"
                               "node_nfsd_packets_total{proto=\"tcp\"} 917\n"
                               "node_nfsd_packets_total{proto=\"udp\"} 55\n"
                               "node_nfsd_read_ahead_cache_not_found_total 5\n"
                               "node_nfsd_read_ahead_cache_size_blocks 32\n"
                               "node_nfsd_reply_cache_hits_total 1\n"
                               "node_nfsd_reply_cache_misses_total 6\n"
                               "node_nfsd_reply_cache_nocache_total 18622\n"
                               "node_nfsd_requests_total{method=\"Access\",proto=\"3\"} 0\n"
                               "node_nfsd_requests_total{method=\"Access\",proto=\"4\"} 1098\n"));
  EXPECT_THAT(page, HasSubstr("node_nfsd_requests_total{method=\"RelLockOwner\",proto=\"4\"} 7\n"));
  EXPECT_THAT(page, HasSubstr("node_nfsd_requests_total{method=\"Write\",proto=\"4\"} 3\n"
                              "node_nfsd_rpc_errors_total{error=\"auth\"} 2\n"
                              "node_nfsd_rpc_errors_total{error=\"cInt\"} 3\n"
                              "node_nfsd_rpc_errors_total{error=\"fmt\"} 1\n"
                              "node_nfsd_server_rpcs_total 18628\n"
                              "node_nfsd_server_threads 8\n"));
  EXPECT_THAT(page, Not(HasSubstr("PutPubFH")));
  EXPECT_THAT(page, Not(HasSubstr("method=\"\"")));
}

TEST(Nfsd, AMachineThatServesNothingHasNothingToReport) {
  TempTree tree({{"proc/stat", ""}});
  EXPECT_EQ(CollectorHarness("nfsd", tree.path()).page(), "absent\n");
}

TEST(Nfsd, AnUnreadableFileIsAnError) {
  TempTree tree({{"proc/net/rpc/nfsd/", ""}});
  EXPECT_THAT(CollectorHarness("nfsd", tree.path()).page(), StartsWith("error: reading "));
}

TEST(Nfsd, LinesThatLieAreErrors) {
  for (const std::string_view line : {"rc 1 2", "fh 1", "io 1", "th 1", "ra 1 2", "net 1 2 3 4 5", "rpc 1", "proc2 1 1",
                                      "proc3 22 1", "proc4ops 1 1", "rc a b c"}) {
    EXPECT_FALSE(parse_nfs_server_stats(line)) << line;
  }
}

TEST(Nfsd, SurvivesTruncation) { expect_survives_truncation("nfsd", "proc/net/rpc/nfsd", kNfsd); }

}  // namespace
}  // namespace piman::agent
