// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "node-agent/collector.h"
#include "node-agent/rpc_statistics.h"

/// What the NFS client asked of its servers, from net/rpc/nfs under procfs.
namespace piman::agent {

/// Counts since the module was loaded. A line that the kernel leaves out counts as zeros.
struct NfsClientStats {
  std::uint64_t udp_packets = 0, tcp_packets = 0, tcp_connections = 0;
  std::uint64_t calls = 0, retransmissions = 0, authentication_refreshes = 0;
  RpcCounts v2{}, v3{}, v4{};
};
/// Lines that newer kernels may add are passed over. Errors: a known line that has not the numbers it should have.
/// Source: fs/nfs and net/sunrpc/stats.c of the kernel.
Result<NfsClientStats> parse_nfs_client_stats(std::string_view content);

Result<std::unique_ptr<Collector>> make_nfs_collector(const CollectorContext& context);

}  // namespace piman::agent
