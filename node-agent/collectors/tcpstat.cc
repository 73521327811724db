// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/tcpstat.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/socket_lines.h"

namespace piman::agent {
namespace {

/// By the order of their names, with the kernel's numbers. Source: include/net/tcp_states.h.
constexpr std::array<std::pair<std::string_view, std::size_t>, 14> kRows = {{{"close", 7},
                                                                             {"close_wait", 8},
                                                                             {"closing", 11},
                                                                             {"established", 1},
                                                                             {"fin_wait1", 4},
                                                                             {"fin_wait2", 5},
                                                                             {"last_ack", 9},
                                                                             {"listen", 10},
                                                                             {"rx_queued_bytes", 12},
                                                                             {"syn_recv", 3},
                                                                             {"syn_sent", 2},
                                                                             {"time_wait", 6},
                                                                             {"tx_queued_bytes", 13},
                                                                             {"unknown", 0}}};
constexpr std::size_t kReceived = 12, kSent = 13, kUnknown = 0, kStates = 12;

class TcpstatCollector final : public Collector {
 public:
  explicit TcpstatCollector(const CollectorContext& context)
      : ipv4_(context.paths.proc("net/tcp")), ipv6_(context.paths.proc("net/tcp6")) {
    for (std::size_t i = 0; i < kRows.size(); ++i) labels_[i] = prom_text::Labels({{"state", kRows[i].first}});
  }

  Result<Outcome> collect(prom_text::Writer& out) override {
    std::array<std::uint64_t, kRows.size()> totals{};
    std::size_t sockets = 0;
    for (HostFile* file : {&ipv4_, &ipv6_}) {
      const auto content = file->read();
      if (!content) {
        if (file == &ipv6_ && !host_path_exists(file->path())) break;  // a kernel without IPv6
        return fail(content.error().message);
      }
      std::string_view rest = *content;
      if (!rest.empty()) next_line(rest);  // the heading
      while (!rest.empty()) {
        const std::string_view text = next_line(rest);
        const auto line = parse_socket_line(text);
        if (!line) return fail(concat(file->path(), ": not understood: ", quote(text)));
        ++totals[line->state < kStates ? static_cast<std::size_t>(line->state) : kUnknown];
        totals[kReceived] += line->received_bytes;
        totals[kSent] += line->sent_bytes;
        ++sockets;
      }
    }
    out.family(states_);
    for (std::size_t i = 0; i < kRows.size(); ++i) {
      const std::size_t number = kRows[i].second;
      const bool is_queue = number == kReceived || number == kSent;
      if (is_queue ? sockets > 0 : totals[number] > 0) out.sample(labels_[i], totals[number]);
    }
    return Outcome::kCollected;
  }

 private:
  HostFile ipv4_, ipv6_;
  std::array<prom_text::Labels, kRows.size()> labels_;
  const prom_text::Family states_{"node_tcp_connection_states", prom_text::Type::kGauge,
                                  "TCP connections in a state; in the states *_queued_bytes the data in their queues, "
                                  "in bytes."};
};

}  // namespace

Result<std::unique_ptr<Collector>> make_tcpstat_collector(const CollectorContext& context) {
  return std::make_unique<TcpstatCollector>(context);
}

}  // namespace piman::agent
