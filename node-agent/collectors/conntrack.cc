// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/conntrack.h"

#include <cstddef>

#include "common/host_files.h"
#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

class ConntrackCollector final : public Collector {
 public:
  explicit ConntrackCollector(const CollectorContext& context)
      : count_(context.paths.proc("sys/net/netfilter/nf_conntrack_count"), HostFile::Content::kOnePiece),
        limit_(context.paths.proc("sys/net/netfilter/nf_conntrack_max"), HostFile::Content::kOnePiece),
        statistics_(context.paths.proc("net/stat/nf_conntrack")) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    for (const auto& [file, family] : {Number{&count_, &entries_}, Number{&limit_, &entries_limit_}}) {
      const auto content = file->read();
      if (!content) return absent_or(*file, content.error());
      const auto value = parse_u64(trim(*content));
      if (!value) return fail(concat(file->path(), ": no number: ", quote(*content)));
      out.single(*family, *value);
    }
    // Only root may read this one on most systems.
    const auto content = statistics_.read();
    if (!content) return absent_or(statistics_, content.error());
    const auto totals = parse_conntrack_statistics(*content);
    if (!totals) return fail(concat(statistics_.path(), ": ", totals.error().message));
    out.single(drop_, totals->drop);
    out.single(early_drop_, totals->early_drop);
    out.single(found_, totals->found);
    out.single(ignore_, totals->ignore);
    out.single(insert_, totals->insert);
    out.single(insert_failed_, totals->insert_failed);
    out.single(invalid_, totals->invalid);
    out.single(search_restart_, totals->search_restart);
    return Outcome::kCollected;
  }

 private:
  struct Number {
    HostFile* file;
    const Family* family;
  };

  static Result<Outcome> absent_or(const HostFile& file, const Error& error) {
    if (!host_path_exists(file.path())) return Outcome::kAbsent;  // nothing tracks connections
    return fail(error.message);
  }
  static Family statistic(std::string_view name, std::string_view help) {
    return Family(concat("node_nf_conntrack_stat_", name), Type::kGauge, help);
  }

  HostFile count_, limit_, statistics_;
  const Family entries_{"node_nf_conntrack_entries", Type::kGauge, "Connections in the table."};
  const Family entries_limit_{"node_nf_conntrack_entries_limit", Type::kGauge, "Connections that the table may hold."};
  const Family drop_ = statistic("drop", "Packets dropped, not trackable.");
  const Family early_drop_ = statistic("early_drop", "Connections thrown out of a full table.");
  const Family found_ = statistic("found", "Lookups that hit.");
  const Family ignore_ = statistic("ignore", "Packets that need no tracking.");
  const Family insert_ = statistic("insert", "Connections put into the table.");
  const Family insert_failed_ = statistic("insert_failed", "Connections already in the table.");
  const Family invalid_ = statistic("invalid", "Packets of no connection.");
  const Family search_restart_ = statistic("search_restart", "Lookups begun again.");
};

}  // namespace

Result<ConntrackStatistics> parse_conntrack_statistics(std::string_view content) {
  constexpr std::size_t kColumns = 17;
  ConntrackStatistics totals;
  if (!content.empty()) next_line(content);
  while (!content.empty()) {
    const std::string_view line = next_line(content);
    std::array<std::uint64_t, kColumns> columns{};
    std::string_view rest = line;
    for (std::uint64_t& column : columns) {
      const auto value = parse_hex(next_field(rest));
      if (!value) return fail(concat("not understood: ", quote(line)));
      column = *value;
    }
    totals.found += columns[2];
    totals.invalid += columns[4];
    totals.ignore += columns[5];
    totals.insert += columns[8];
    totals.insert_failed += columns[9];
    totals.drop += columns[10];
    totals.early_drop += columns[11];
    totals.search_restart += columns[16];
  }
  return totals;
}

Result<std::unique_ptr<Collector>> make_conntrack_collector(const CollectorContext& context) {
  return std::make_unique<ConntrackCollector>(context);
}

}  // namespace piman::agent
