// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/zoneinfo.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "common/host_files.h"
#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

struct Field {
  std::string_view key;
  std::string_view name;  ///< of the family, after node_zoneinfo_
  Type type;
  std::string_view help;
};

// In the order of the families' names.
constexpr std::array<Field, kZoneFields> kFields = {{
    {"high", "high_pages", Type::kGauge, "Free pages from which on nothing is reclaimed."},
    {"low", "low_pages", Type::kGauge, "Free pages below which reclaiming begins."},
    {"managed", "managed_pages", Type::kGauge, "Pages that are given out."},
    {"min", "min_pages", Type::kGauge, "Free pages that are kept for emergencies."},
    {"nr_active_anon", "nr_active_anon_pages", Type::kGauge, "Pages of programs that were used lately."},
    {"nr_active_file", "nr_active_file_pages", Type::kGauge, "Pages of files that were used lately."},
    {"nr_anon_pages", "nr_anon_pages", Type::kGauge, "Pages of programs that no file is behind."},
    {"nr_anon_transparent_hugepages", "nr_anon_transparent_hugepages", Type::kGauge,
     "Huge pages that programs were given unasked."},
    {"nr_dirtied", "nr_dirtied_total", Type::kCounter, "Pages that were changed."},
    {"nr_dirty", "nr_dirty_pages", Type::kGauge, "Pages that differ from what is on disk."},
    {"nr_file_pages", "nr_file_pages", Type::kGauge, "Pages of files."},
    {"nr_free_pages", "nr_free_pages", Type::kGauge, "Pages that are free."},
    {"nr_inactive_anon", "nr_inactive_anon_pages", Type::kGauge, "Pages of programs that were not used lately."},
    {"nr_inactive_file", "nr_inactive_file_pages", Type::kGauge, "Pages of files that were not used lately."},
    {"nr_isolated_anon", "nr_isolated_anon_pages", Type::kGauge, "Pages of programs that are being looked at."},
    {"nr_isolated_file", "nr_isolated_file_pages", Type::kGauge, "Pages of files that are being looked at."},
    {"nr_kernel_stack", "nr_kernel_stacks", Type::kGauge, "Stacks of the kernel's threads, in KiB since Linux 4.8."},
    {"nr_mapped", "nr_mapped_pages", Type::kGauge, "Pages of files that programs have mapped."},
    {"nr_mlock_stack", "nr_mlock_stack_pages", Type::kGauge, "Pages that were found locked in memory."},
    {"nr_shmem", "nr_shmem_pages", Type::kGauge, "Pages of shared memory and tmpfs."},
    {"nr_slab_reclaimable", "nr_slab_reclaimable_pages", Type::kGauge, "Pages of the kernel that it can give back."},
    {"nr_slab_unreclaimable", "nr_slab_unreclaimable_pages", Type::kGauge, "Pages of the kernel that it needs."},
    {"nr_unevictable", "nr_unevictable_pages", Type::kGauge, "Pages that must stay in memory."},
    {"nr_writeback", "nr_writeback_pages", Type::kGauge, "Pages that are being written to disk."},
    {"nr_written", "nr_written_total", Type::kCounter, "Pages that were written to disk."},
    {"numa_foreign", "numa_foreign_total", Type::kCounter, "Pages wanted here and taken from another node."},
    {"numa_hit", "numa_hit_total", Type::kCounter, "Pages taken from the node that was wanted."},
    {"numa_interleave", "numa_interleave_total", Type::kCounter, "Pages taken from here to spread them over nodes."},
    {"numa_local", "numa_local_total", Type::kCounter, "Pages taken by a CPU of this node."},
    {"numa_miss", "numa_miss_total", Type::kCounter, "Pages taken from here though another node was wanted."},
    {"numa_other", "numa_other_total", Type::kCounter, "Pages taken by a CPU of another node."},
    {"present", "present_pages", Type::kGauge, "Pages that exist."},
    {"scanned", "scanned_pages", Type::kGauge, "Pages looked at since the last one was reclaimed."},
    {"spanned", "spanned_pages", Type::kGauge, "Pages from the first to the last, holes counted."},
}};

class ZoneinfoCollector final : public Collector {
 public:
  explicit ZoneinfoCollector(const CollectorContext& context) : file_(context.paths.proc("zoneinfo")) {
    for (const Field& field : kFields) {
      families_.emplace_back(concat("node_zoneinfo_", field.name), field.type, field.help);
    }
  }

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto content = file_.read();
    if (!content) return fail(content.error().message);
    const std::vector<Zone> zones = parse_zoneinfo(*content);
    if (zones.empty()) return fail(concat(file_.path(), ": no zones"));
    for (std::size_t i = 0; i < kFields.size(); ++i) {
      if (kFields[i].key == "scanned") write_protection(zones, out);
      out.family(families_[i]);
      for (const Zone& zone : zones) {
        if (const auto value = zone.fields[i]) write(zone, *value, out);
      }
    }
    return Outcome::kCollected;
  }

 private:
  static void write(const Zone& zone, std::int64_t value, prom_text::Writer& out) {
    out.sample({{"node", zone.node}, {"zone", zone.zone}}, static_cast<double>(value));
  }

  void write_protection(const std::vector<Zone>& zones, prom_text::Writer& out) {
    std::size_t most = 0;
    for (const Zone& zone : zones) most = std::max(most, zone.protection.size());
    for (std::size_t i = 0; i < most; ++i) {
      if (i == protection_.size()) {
        protection_.emplace_back(concat("node_zoneinfo_protection_", i), Type::kGauge,
                                 concat("Pages kept from requests that zone ", i, " of the node could serve."));
      }
      out.family(protection_[i]);
      for (const Zone& zone : zones) {
        if (i < zone.protection.size()) write(zone, zone.protection[i], out);
      }
    }
  }

  HostFile file_;
  std::vector<Family> families_, protection_;
};

/// "(0, 2772, 31868)"; empty when any of them is no number.
std::vector<std::int64_t> parse_protection(std::string_view text) {
  constexpr std::size_t kMostZones = 16;
  std::vector<std::int64_t> pages;
  text = trim(text);
  if (!text.starts_with('(') || !text.ends_with(')')) return pages;
  text = text.substr(1, text.size() - 2);
  while (!text.empty() && pages.size() < kMostZones) {
    const auto number = parse_i64(trim(next_until(text, ',')));
    if (!number) return {};
    pages.push_back(*number);
  }
  return pages;
}

}  // namespace

std::optional<std::size_t> zone_field(std::string_view key) {
  const auto* const found = std::lower_bound(
      kFields.begin(), kFields.end(), key, [](const Field& field, std::string_view name) { return field.key < name; });
  if (found == kFields.end() || found->key != key) return std::nullopt;
  return static_cast<std::size_t>(found - kFields.begin());
}

std::vector<Zone> parse_zoneinfo(std::string_view content) {
  std::vector<Zone> zones;
  while (!content.empty()) {
    std::string_view line = next_line(content);
    const std::string_view key = next_field(line);
    if (key == "Node") {
      Zone zone;
      zone.node = trim(next_until(line, ','));
      if (next_field(line) == "zone") zone.zone = next_field(line);
      if (!zone.zone.empty()) zones.push_back(std::move(zone));
    } else if (!zones.empty() && key == "protection:") {
      zones.back().protection = parse_protection(line);
    } else if (const auto field = zones.empty() ? std::nullopt : zone_field(key)) {
      zones.back().fields[*field] = parse_i64(next_field(line));
    }
  }
  return zones;
}

Result<std::unique_ptr<Collector>> make_zoneinfo_collector(const CollectorContext& context) {
  return std::make_unique<ZoneinfoCollector>(context);
}

}  // namespace piman::agent
