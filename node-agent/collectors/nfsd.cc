// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/nfsd.h"

#include <array>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/absence.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Labels;
using prom_text::Type;

// The null procedure does nothing, and is not reported.
constexpr std::array<std::string_view, 18> kV2 = {"",     "GetAttr", "SetAttr", "Root",   "Lookup",  "ReadLink",
                                                  "Read", "WrCache", "Write",   "Create", "Remove",  "Rename",
                                                  "Link", "SymLink", "MkDir",   "RmDir",  "ReadDir", "FsStat"};
constexpr std::array<std::string_view, 22> kV3 = {"",       "GetAttr", "SetAttr",  "Lookup", "Access",  "ReadLink",
                                                  "Read",   "Write",   "Create",   "MkDir",  "SymLink", "MkNod",
                                                  "Remove", "RmDir",   "Rename",   "Link",   "ReadDir", "ReadDirPlus",
                                                  "FsStat", "FsInfo",  "PathConf", "Commit"};
// By operation number (RFC 7530 section 16): the first real one is 3; PutPubFH and PutRootFH are not reported.
constexpr std::array<std::string_view, 38> kV4 = {"",
                                                  "",
                                                  "",
                                                  "Access",
                                                  "Close",
                                                  "Commit",
                                                  "Create",
                                                  "DelegPurge",
                                                  "DelegReturn",
                                                  "GetAttr",
                                                  "GetFH",
                                                  "Link",
                                                  "Lock",
                                                  "Lockt",
                                                  "Locku",
                                                  "Lookup",
                                                  "LookupRoot",
                                                  "Nverify",
                                                  "Open",
                                                  "OpenAttr",
                                                  "OpenConfirm",
                                                  "OpenDgrd",
                                                  "PutFH",
                                                  "",
                                                  "",
                                                  "Read",
                                                  "ReadDir",
                                                  "ReadLink",
                                                  "Remove",
                                                  "Rename",
                                                  "Renew",
                                                  "RestoreFH",
                                                  "SaveFH",
                                                  "SecInfo",
                                                  "SetAttr",
                                                  "Verify",
                                                  "Write",
                                                  "RelLockOwner"};
/// How many operations even the oldest kernel with NFSv4 counts.
constexpr std::size_t kLeastV4 = 39;

Family counter(std::string_view name, std::string_view help) {
  return Family(concat("node_nfsd_", name), Type::kCounter, help);
}
Family gauge(std::string_view name, std::string_view help) {
  return Family(concat("node_nfsd_", name), Type::kGauge, help);
}

class NfsdCollector final : public Collector {
 public:
  explicit NfsdCollector(const CollectorContext& context)
      : file_(context.paths.proc("net/rpc/nfsd"), HostFile::Content::kOnePiece) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto content = file_.read();
    if (!content) return absent_or_failed(file_.path(), content.error());
    const auto stats = parse_nfs_server_stats(*content);
    if (!stats) return fail_with(file_.path(), stats.error());
    out.single(connections_, stats->tcp_connections);
    out.single(read_bytes_, stats->read_bytes);
    out.single(written_bytes_, stats->written_bytes);
    out.single(stale_, stats->stale_file_handles);
    out.family(packets_);
    out.sample(tcp_, stats->tcp_packets);
    out.sample(udp_, stats->udp_packets);
    out.single(not_found_, stats->read_ahead_not_found);
    out.single(read_ahead_size_, stats->read_ahead_blocks);
    out.single(cache_hits_, stats->reply_cache_hits);
    out.single(cache_misses_, stats->reply_cache_misses);
    out.single(cache_nocache_, stats->reply_cache_nocache);
    requests_.write({&stats->v2, &stats->v3, &stats->v4_operations}, out);
    out.family(errors_);
    out.sample(authentication_, stats->bad_authentication);
    out.sample(client_, stats->bad_client);
    out.sample(format_, stats->bad_format);
    out.single(calls_, stats->calls);
    out.single(threads_, stats->threads);
    return Outcome::kCollected;
  }

 private:
  HostFile file_;
  const Family connections_ = counter("connections_total", "TCP connections taken by the NFS server.");
  const Family read_bytes_ = counter("disk_bytes_read_total", "Data read for NFS clients, in bytes.");
  const Family written_bytes_ = counter("disk_bytes_written_total", "Data written for NFS clients, in bytes.");
  const Family stale_ = counter("file_handles_stale_total", "Stale file handles that clients presented.");
  const Family packets_ = counter("packets_total", "Packets that the NFS server received, by transport protocol.");
  const Family not_found_ = counter("read_ahead_cache_not_found_total", "Reads that missed the read-ahead cache.");
  const Family read_ahead_size_ = gauge("read_ahead_cache_size_blocks", "Size of the read-ahead cache, in blocks.");
  const Family cache_hits_ = counter("reply_cache_hits_total", "Repeated requests answered from the reply cache.");
  const Family cache_misses_ = counter("reply_cache_misses_total", "Requests that went into the reply cache.");
  const Family cache_nocache_ = counter("reply_cache_nocache_total", "Requests that need no place in the reply cache.");
  const RpcRequests requests_{"node_nfsd_requests_total",
                              "Requests to the NFS server, by procedure and NFS version.",
                              {{"2", kV2}, {"3", kV3}, {"4", kV4}}};
  const Family errors_ = counter("rpc_errors_total", "Calls refused by the NFS server, by reason.");
  const Family calls_ = counter("server_rpcs_total", "Calls taken by the NFS server.");
  const Family threads_ = gauge("server_threads", "Threads of the NFS server.");
  const Labels tcp_{{"proto", "tcp"}}, udp_{{"proto", "udp"}};
  const Labels authentication_{{"error", "auth"}}, client_{{"error", "cInt"}}, format_{{"error", "fmt"}};
};

/// The part of the numbers that is reported. False when a known line is not as it should be.
bool take_line(const RpcLine& line, NfsServerStats& stats) {
  const auto& numbers = line.numbers;
  const auto has = [&](std::size_t count) { return line.whole && line.count == count; };
  if (line.key == "rc") {
    stats.reply_cache_hits = numbers[0];
    stats.reply_cache_misses = numbers[1];
    stats.reply_cache_nocache = numbers[2];
    return has(3);
  }
  if (line.key == "fh") {
    stats.stale_file_handles = numbers[0];
    return has(5);
  }
  if (line.key == "io") {
    stats.read_bytes = numbers[0];
    stats.written_bytes = numbers[1];
    return has(2);
  }
  if (line.key == "th") {
    stats.threads = numbers[0];
    return line.count >= 2;  // a histogram in seconds with fractions follows
  }
  if (line.key == "ra") {
    stats.read_ahead_blocks = numbers[0];
    stats.read_ahead_not_found = numbers[11];
    return has(12);
  }
  if (line.key == "net") {
    stats.udp_packets = numbers[1];
    stats.tcp_packets = numbers[2];
    stats.tcp_connections = numbers[3];
    return has(4);
  }
  if (line.key == "rpc") {
    stats.calls = numbers[0];
    stats.bad_format = numbers[2];
    stats.bad_authentication = numbers[3];
    stats.bad_client = numbers[4];
    return has(5);
  }
  if (line.key == "proc2") return take_rpc_counts(line, kV2.size(), stats.v2);
  if (line.key == "proc3") return take_rpc_counts(line, kV3.size(), stats.v3);
  if (line.key == "proc4ops") return take_rpc_counts(line, kLeastV4, stats.v4_operations);
  return true;
}

}  // namespace

Result<NfsServerStats> parse_nfs_server_stats(std::string_view content) {
  NfsServerStats stats;
  while (!content.empty()) {
    const std::string_view text = next_line(content);
    const auto line = parse_rpc_line(text);
    if (!line || !take_line(*line, stats)) return fail(concat("not understood: ", quote(text)));
  }
  return stats;
}

Result<std::unique_ptr<Collector>> make_nfsd_collector(const CollectorContext& context) {
  return std::make_unique<NfsdCollector>(context);
}

}  // namespace piman::agent
