// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/zfs.h"

#include <array>
#include <map>
#include <utility>
#include <vector>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/absence.h"
#include "node-agent/dynamic_families.h"

namespace piman::agent {
namespace {

using prom_text::Labels;
using prom_text::Type;

/// The module's own files, in the order of the prefixes that their counters get.
constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kModuleFiles = {{
    {"zfs_abd", "abdstats"},
    {"zfs_arc", "arcstats"},
    {"zfs_dbuf", "dbuf_stats"},
    {"zfs_dmu_tx", "dmu_tx"},
    {"zfs_dnode", "dnodestats"},
    {"zfs_fm", "fm"},
    {"zfs_vdev_cache", "vdev_cache_stats"},
    {"zfs_vdev_mirror", "vdev_mirror_stats"},
    {"zfs_xuio", "xuio_stats"},
    {"zfs_zfetch", "zfetchstats"},
    {"zfs_zil", "zil"},
}};
constexpr std::array<std::string_view, 6> kPoolStates = {"degraded", "faulted", "offline",
                                                         "online",   "removed", "unavail"};

class ZfsCollector final : public Collector {
 public:
  explicit ZfsCollector(const CollectorContext& context) : directory_(context.paths.proc("spl/kstat/zfs")) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto entries = list_host_directory(directory_);
    if (!entries) return absent_or_failed(directory_, entries.error());
    for (const auto& [prefix, file] : kModuleFiles) {
      const std::string path = concat(directory_, '/', file);
      const auto content = read_host_file(path);
      if (!content) continue;  // versions of ZFS have different ones
      const auto parsed =
          parse_kstat_names(*content, [&, &prefix = prefix](std::string_view name, std::uint64_t value) {
            out.single(family("node_", prefix, name, "the ZFS module"), value);
          });
      if (!parsed) return fail_with(path, parsed.error());
    }
    return collect_pools(*entries, out);
  }

 private:
  using Samples = std::vector<std::pair<Labels, std::uint64_t>>;

  const prom_text::Family& family(std::string_view root, std::string_view prefix, std::string_view name,
                                  std::string_view subject) {
    return families_.get(concat(root, prefix, '_', to_metric_name(name)), Type::kUntyped,
                         concat("Counter ", name, " of ", subject, '.'));
  }

  Result<Outcome> collect_pools(const std::vector<std::string>& entries, prom_text::Writer& out) {
    samples_.clear();
    states_.clear();
    for (const std::string& pool : entries) {
      const auto files = list_host_directory(concat(directory_, '/', pool));
      if (!files) continue;  // not a pool but one of the module's files
      for (const std::string& file : *files) {
        if (file != "io" && file != "state" && !file.starts_with("objset-")) continue;
        const std::string path = concat(directory_, '/', pool, '/', file);
        const auto content = read_host_file(path);
        if (!content) continue;  // the pool was exported meanwhile
        const auto taken = take_pool_file(pool, file, *content);
        if (!taken) return fail_with(path, taken.error());
      }
    }
    for (const auto& [name, samples] : samples_) {
      out.family(*samples.first);
      for (const auto& [labels, value] : samples.second) out.sample(labels, value);
    }
    out.family(state_);
    for (const auto& [labels, value] : states_) out.sample(labels, value);
    return Outcome::kCollected;
  }

  Result<Outcome> take_pool_file(const std::string& pool, const std::string& file, std::string_view content) {
    std::vector<std::pair<std::string, std::uint64_t>> values;
    const KstatSink keep = [&](std::string_view name, std::uint64_t value) { values.emplace_back(name, value); };
    const auto add = [&](std::string_view prefix, std::string_view subject, const Labels& labels) {
      for (const auto& [name, value] : values) {
        const prom_text::Family& made = family("node_zfs_", prefix, name, subject);
        auto& samples = samples_[made.name()];
        samples.first = &made;
        samples.second.emplace_back(labels, value);
      }
    };
    if (file == "state") {
      take_state(pool, trim(content));
    } else if (file == "io") {
      const auto parsed = parse_kstat_columns(content, keep);
      if (!parsed) return fail(parsed.error().message);
      add("zpool", "a pool", Labels({{"zpool", pool}}));
    } else {
      const auto dataset = parse_kstat_names(content, keep);
      if (!dataset) return fail(dataset.error().message);
      add("zpool_dataset", "a dataset", Labels({{"dataset", *dataset}, {"zpool", pool}}));
    }
    return Outcome::kCollected;
  }

  void take_state(const std::string& pool, std::string_view now) {
    for (const std::string_view state : kPoolStates) {
      states_.emplace_back(Labels({{"state", state}, {"zpool", pool}}), equals_ignoring_case(state, now) ? 1 : 0);
    }
  }

  std::string directory_;
  DynamicFamilies families_;
  /// By family, which stands on the page once with the samples of all pools.
  std::map<std::string, std::pair<const prom_text::Family*, Samples>> samples_;
  Samples states_;
  const prom_text::Family state_{"node_zfs_zpool_state", Type::kGauge, "Whether a pool is in a state: 1 or 0."};
};

}  // namespace

Result<std::string> parse_kstat_names(std::string_view content, const KstatSink& sink) {
  constexpr std::string_view kUnsigned64 = "4";
  std::string dataset;
  bool heading_seen = false;
  while (!content.empty()) {
    const std::string_view text = next_line(content);
    std::string_view line = text;
    const std::string_view name = next_field(line);
    const std::string_view type = next_field(line);
    const std::string_view value = trim(line);
    if (!heading_seen) {
      heading_seen = name == "name" && type == "type" && value == "data";
    } else if (name == "dataset_name") {
      dataset = value;
    } else if (type == kUnsigned64 && !value.empty()) {
      const auto number = parse_u64(next_field(line));
      if (!number) return fail(concat("no whole number: ", quote(text)));
      sink(name, *number);
    }
  }
  if (!heading_seen) return fail("no heading \"name type data\"");
  return dataset;
}

Result<Outcome> parse_kstat_columns(std::string_view content, const KstatSink& sink) {
  constexpr std::string_view kFirstColumn = "nread";
  std::string_view heading;
  while (!content.empty()) {
    const std::string_view text = next_line(content);
    std::string_view line = text;
    if (heading.empty()) {
      if (next_field(line) == kFirstColumn) heading = text;
      continue;
    }
    while (!trim(heading).empty()) {
      const std::string_view name = next_field(heading);
      const auto number = parse_u64(next_field(line));
      if (!number) return fail(concat("no number for ", name, ": ", quote(text)));
      sink(name, *number);
    }
    break;
  }
  return Outcome::kCollected;
}

Result<std::unique_ptr<Collector>> make_zfs_collector(const CollectorContext& context) {
  return std::make_unique<ZfsCollector>(context);
}

}  // namespace piman::agent
