// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/nfs.h"

#include <array>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/absence.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Labels;
using prom_text::Type;

constexpr std::array<std::string_view, 18> kV2 = {"Null", "GetAttr", "SetAttr", "Root",   "Lookup",  "ReadLink",
                                                  "Read", "WrCache", "Write",   "Create", "Remove",  "Rename",
                                                  "Link", "SymLink", "MkDir",   "RmDir",  "ReadDir", "FsStat"};
constexpr std::array<std::string_view, 22> kV3 = {"Null",   "GetAttr", "SetAttr",  "Lookup", "Access",  "ReadLink",
                                                  "Read",   "Write",   "Create",   "MkDir",  "SymLink", "MkNod",
                                                  "Remove", "RmDir",   "Rename",   "Link",   "ReadDir", "ReadDirPlus",
                                                  "FsStat", "FsInfo",  "PathConf", "Commit"};
constexpr std::array<std::string_view, 59> kV4 = {"Null",
                                                  "Read",
                                                  "Write",
                                                  "Commit",
                                                  "Open",
                                                  "OpenConfirm",
                                                  "OpenNoattr",
                                                  "OpenDowngrade",
                                                  "Close",
                                                  "Setattr",
                                                  "FsInfo",
                                                  "Renew",
                                                  "SetClientID",
                                                  "SetClientIDConfirm",
                                                  "Lock",
                                                  "Lockt",
                                                  "Locku",
                                                  "Access",
                                                  "Getattr",
                                                  "Lookup",
                                                  "LookupRoot",
                                                  "Remove",
                                                  "Rename",
                                                  "Link",
                                                  "Symlink",
                                                  "Create",
                                                  "Pathconf",
                                                  "StatFs",
                                                  "ReadLink",
                                                  "ReadDir",
                                                  "ServerCaps",
                                                  "DelegReturn",
                                                  "GetACL",
                                                  "SetACL",
                                                  "FsLocations",
                                                  "ReleaseLockowner",
                                                  "Secinfo",
                                                  "FsidPresent",
                                                  "ExchangeID",
                                                  "CreateSession",
                                                  "DestroySession",
                                                  "Sequence",
                                                  "GetLeaseTime",
                                                  "ReclaimComplete",
                                                  "LayoutGet",
                                                  "GetDeviceInfo",
                                                  "LayoutCommit",
                                                  "LayoutReturn",
                                                  "SecinfoNoName",
                                                  "TestStateID",
                                                  "FreeStateID",
                                                  "GetDeviceList",
                                                  "BindConnToSession",
                                                  "DestroyClientID",
                                                  "Seek",
                                                  "Allocate",
                                                  "DeAllocate",
                                                  "LayoutStats",
                                                  "Clone"};

class NfsCollector final : public Collector {
 public:
  explicit NfsCollector(const CollectorContext& context)
      : file_(context.paths.proc("net/rpc/nfs"), HostFile::Content::kOnePiece) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto content = file_.read();
    if (!content) return absent_or_failed(file_.path(), content.error());
    const auto stats = parse_nfs_client_stats(*content);
    if (!stats) return fail_with(file_.path(), stats.error());
    out.single(connections_, stats->tcp_connections);
    out.family(packets_);
    out.sample(tcp_, stats->tcp_packets);
    out.sample(udp_, stats->udp_packets);
    requests_.write({&stats->v2, &stats->v3, &stats->v4}, out);
    out.single(refreshes_, stats->authentication_refreshes);
    out.single(retransmissions_, stats->retransmissions);
    out.single(calls_, stats->calls);
    return Outcome::kCollected;
  }

 private:
  HostFile file_;
  const Family connections_{"node_nfs_connections_total", Type::kCounter, "TCP connections made by the NFS client."};
  const Family packets_{"node_nfs_packets_total", Type::kCounter,
                        "Packets that the NFS client sent and received, by transport protocol."};
  const Labels tcp_{{"protocol", "tcp"}}, udp_{{"protocol", "udp"}};
  const RpcRequests requests_{"node_nfs_requests_total",
                              "Requests of the NFS client, by procedure and NFS version.",
                              {{"2", kV2}, {"3", kV3}, {"4", kV4}}};
  const Family refreshes_{"node_nfs_rpc_authentication_refreshes_total", Type::kCounter,
                          "Credentials that the NFS client had to renew."};
  const Family retransmissions_{"node_nfs_rpc_retransmissions_total", Type::kCounter,
                                "Calls that the NFS client sent again."};
  const Family calls_{"node_nfs_rpcs_total", Type::kCounter, "Calls that the NFS client made."};
};

}  // namespace

Result<NfsClientStats> parse_nfs_client_stats(std::string_view content) {
  NfsClientStats stats;
  while (!content.empty()) {
    const std::string_view text = next_line(content);
    const auto line = parse_rpc_line(text);
    bool understood = line.has_value();
    if (understood && line->key == "net") {
      understood = line->whole && line->count == 4;
      stats.udp_packets = line->numbers[1];
      stats.tcp_packets = line->numbers[2];
      stats.tcp_connections = line->numbers[3];
    } else if (understood && line->key == "rpc") {
      understood = line->whole && line->count == 3;
      stats.calls = line->numbers[0];
      stats.retransmissions = line->numbers[1];
      stats.authentication_refreshes = line->numbers[2];
    } else if (understood && line->key == "proc2") {
      understood = take_rpc_counts(*line, kV2.size(), stats.v2);
    } else if (understood && line->key == "proc3") {
      understood = take_rpc_counts(*line, kV3.size(), stats.v3);
    } else if (understood && line->key == "proc4") {
      understood = take_rpc_counts(*line, 0, stats.v4);  // each kernel version added a few
    }
    if (!understood) return fail(concat("not understood: ", quote(text)));
  }
  return stats;
}

Result<std::unique_ptr<Collector>> make_nfs_collector(const CollectorContext& context) {
  return std::make_unique<NfsCollector>(context);
}

}  // namespace piman::agent
