// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "node-agent/collector.h"
#include "node-agent/rpc_statistics.h"

/// What the kernel's NFS server does, from net/rpc/nfsd under procfs.
namespace piman::agent {

/// Counts since the module was loaded. A line that the kernel leaves out counts as zeros.
struct NfsServerStats {
  std::uint64_t reply_cache_hits = 0, reply_cache_misses = 0, reply_cache_nocache = 0;
  std::uint64_t stale_file_handles = 0;
  std::uint64_t read_bytes = 0, written_bytes = 0;
  std::uint64_t threads = 0;
  std::uint64_t read_ahead_blocks = 0, read_ahead_not_found = 0;
  std::uint64_t udp_packets = 0, tcp_packets = 0, tcp_connections = 0;
  std::uint64_t calls = 0, bad_format = 0, bad_authentication = 0, bad_client = 0;
  RpcCounts v2{}, v3{}, v4_operations{};
};
/// Lines that newer kernels may add are passed over. Errors: a known line that has not the numbers it should have.
/// Source: fs/nfsd/stats.c and net/sunrpc/stats.c of the kernel.
Result<NfsServerStats> parse_nfs_server_stats(std::string_view content);

Result<std::unique_ptr<Collector>> make_nfsd_collector(const CollectorContext& context);

}  // namespace piman::agent
