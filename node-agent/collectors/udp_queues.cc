// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/udp_queues.h"

#include <array>
#include <cstdint>
#include <optional>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/socket_lines.h"

namespace piman::agent {
namespace {

using prom_text::Labels;

struct Queues {
  std::uint64_t sent_bytes = 0, received_bytes = 0;
};

class UdpQueuesCollector final : public Collector {
 public:
  explicit UdpQueuesCollector(const CollectorContext& context)
      : tables_{{{HostFile(context.paths.proc("net/udp"), HostFile::Content::kShortRecords),
                  Labels({{"ip", "v4"}, {"queue", "rx"}}), Labels({{"ip", "v4"}, {"queue", "tx"}})},
                 {HostFile(context.paths.proc("net/udp6"), HostFile::Content::kShortRecords),
                  Labels({{"ip", "v6"}, {"queue", "rx"}}), Labels({{"ip", "v6"}, {"queue", "tx"}})}}} {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    out.family(queues_);
    bool any = false;
    for (Table& table : tables_) {
      const auto content = table.file.read();
      if (!content) {
        if (!host_path_exists(table.file.path())) continue;  // a kernel without this version of IP
        return fail(content.error().message);
      }
      any = true;
      Queues queues;
      std::string_view rest = *content;
      if (!rest.empty()) next_line(rest);  // the heading
      while (!rest.empty()) {
        const std::string_view text = next_line(rest);
        const auto line = parse_socket_line(text);
        if (!line) return fail(concat(table.file.path(), ": not understood: ", quote(text)));
        queues.sent_bytes += line->sent_bytes;
        queues.received_bytes += line->received_bytes;
      }
      out.sample(table.received, queues.received_bytes);
      out.sample(table.sent, queues.sent_bytes);
    }
    return any ? Outcome::kCollected : Outcome::kAbsent;
  }

 private:
  struct Table {
    HostFile file;
    Labels received, sent;
  };

  std::array<Table, 2> tables_;
  const prom_text::Family queues_{"node_udp_queues", prom_text::Type::kGauge, "Data waiting in UDP sockets, in bytes."};
};

}  // namespace

Result<std::unique_ptr<Collector>> make_udp_queues_collector(const CollectorContext& context) {
  return std::make_unique<UdpQueuesCollector>(context);
}

}  // namespace piman::agent
