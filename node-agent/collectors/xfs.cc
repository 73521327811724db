// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/xfs.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/host_files.h"
#include "common/text.h"
#include "node-agent/attribute_files.h"

namespace piman::agent {
namespace {

using prom_text::Type;

/// Where a counter stands in the file, and what it is called.
struct Counter {
  std::string_view family, line;
  std::size_t index;
  std::string_view help;
};
constexpr std::array<Counter, kXfsCounters> kCounters = {{
    {"allocation_btree_compares_total", "abt", 1, "Comparisons in allocation B-trees."},
    {"allocation_btree_lookups_total", "abt", 0, "Lookups in allocation B-trees."},
    {"allocation_btree_records_deleted_total", "abt", 3, "Records deleted from allocation B-trees."},
    {"allocation_btree_records_inserted_total", "abt", 2, "Records inserted into allocation B-trees."},
    {"block_map_btree_compares_total", "bmbt", 1, "Comparisons in block map B-trees."},
    {"block_map_btree_lookups_total", "bmbt", 0, "Lookups in block map B-trees."},
    {"block_map_btree_records_deleted_total", "bmbt", 3, "Records deleted from block map B-trees."},
    {"block_map_btree_records_inserted_total", "bmbt", 2, "Records inserted into block map B-trees."},
    {"block_mapping_extent_list_compares_total", "blk_map", 6, "Comparisons in extent lists."},
    {"block_mapping_extent_list_deletions_total", "blk_map", 4, "Deletions from extent lists."},
    {"block_mapping_extent_list_insertions_total", "blk_map", 3, "Insertions into extent lists."},
    {"block_mapping_extent_list_lookups_total", "blk_map", 5, "Lookups in extent lists."},
    {"block_mapping_reads_total", "blk_map", 0, "Block mappings asked for reading."},
    {"block_mapping_unmaps_total", "blk_map", 2, "Block mappings given up."},
    {"block_mapping_writes_total", "blk_map", 1, "Block mappings asked for writing."},
    {"directory_operation_create_total", "dir", 1, "Directory entries created."},
    {"directory_operation_getdents_total", "dir", 3, "Listings of directories."},
    {"directory_operation_lookup_total", "dir", 0, "Lookups of names that the name cache did not have."},
    {"directory_operation_remove_total", "dir", 2, "Directory entries removed."},
    {"extent_allocation_blocks_allocated_total", "extent_alloc", 1, "Blocks allocated."},
    {"extent_allocation_blocks_freed_total", "extent_alloc", 3, "Blocks freed."},
    {"extent_allocation_extents_allocated_total", "extent_alloc", 0, "Extents allocated."},
    {"extent_allocation_extents_freed_total", "extent_alloc", 2, "Extents freed."},
    {"inode_operation_attempts_total", "ig", 0, "Lookups in the inode cache."},
    {"inode_operation_attribute_changes_total", "ig", 6, "Changes of inode attributes."},
    {"inode_operation_duplicates_total", "ig", 4, "Inodes that another had put into the cache meanwhile."},
    {"inode_operation_found_total", "ig", 1, "Inodes found in the cache."},
    {"inode_operation_missed_total", "ig", 3, "Inodes not found in the cache."},
    {"inode_operation_reclaims_total", "ig", 5, "Inodes dropped from the cache for their memory."},
    {"inode_operation_recycled_total", "ig", 2, "Inodes found in the cache while they were being dropped."},
    {"read_calls_total", "rw", 1, "Calls of read on files."},
    {"vnode_active_total", "vnodes", 0, "Vnodes in use."},
    {"vnode_allocate_total", "vnodes", 1, "Vnodes allocated."},
    {"vnode_get_total", "vnodes", 2, "Vnodes got."},
    {"vnode_hold_total", "vnodes", 3, "Vnodes held."},
    {"vnode_reclaim_total", "vnodes", 5, "Vnodes reclaimed."},
    {"vnode_release_total", "vnodes", 4, "Vnodes released."},
    {"vnode_remove_total", "vnodes", 6, "Vnodes removed."},
    {"write_calls_total", "rw", 0, "Calls of write on files."},
}};

/// How many numbers the lines that are reported have.
struct Shape {
  std::string_view line;
  std::size_t least, most;
};
constexpr std::array kShapes = {Shape{"abt", 4, 4},          Shape{"blk_map", 7, 7}, Shape{"bmbt", 4, 4},
                                Shape{"dir", 4, 4},          Shape{"ig", 7, 7},      Shape{"rw", 2, 2},
                                Shape{"extent_alloc", 4, 4}, Shape{"vnodes", 7, 8}};

class XfsCollector final : public Collector {
 public:
  explicit XfsCollector(const CollectorContext& context) : directory_(context.paths.sys("fs/xfs")) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    // Without XFS there is nothing to say, which is no failure.
    const auto names = list_host_directory(directory_);
    if (!names) return Outcome::kNone;
    std::vector<std::pair<std::string_view, XfsStats>> devices;
    for (const std::string& name : *names) {
      if (name == "stats") continue;  // the sum over all of them
      const std::string path = concat(directory_, '/', name, "/stats/stats");
      const auto content = files_.read_raw(path);
      if (!content) {
        if (!host_path_exists(path)) continue;  // not a device, or just unmounted
        return fail(content.error().message);
      }
      const auto stats = parse_xfs_stats(*content);
      if (!stats) return fail_with(path, stats.error());
      devices.emplace_back(name, *stats);
    }
    if (devices.empty()) return Outcome::kNone;
    if (families_.empty()) make_families();
    for (std::size_t i = 0; i < kCounters.size(); ++i) {
      out.family(families_[i]);
      for (const auto& [device, stats] : devices) out.sample({{"device", device}}, stats[i]);
    }
    return Outcome::kCollected;
  }

 private:
  void make_families() {
    for (const Counter& counter : kCounters) {
      families_.emplace_back(concat("node_xfs_", counter.family), Type::kCounter, counter.help);
    }
  }

  std::string directory_;
  AttributeFiles files_;
  std::vector<prom_text::Family> families_;  ///< made when the first file system is seen: few machines have one
};

}  // namespace

Result<XfsStats> parse_xfs_stats(std::string_view content) {
  constexpr std::size_t kMostNumbers = 8;
  XfsStats stats{};
  while (!content.empty()) {
    const std::string_view text = next_line(content);
    std::string_view line = text;
    const std::string_view key = next_field(line);
    const auto shape =
        std::find_if(kShapes.begin(), kShapes.end(), [&](const Shape& known) { return known.line == key; });
    if (shape == kShapes.end()) continue;
    std::array<std::uint64_t, kMostNumbers> numbers{};
    std::size_t count = 0;
    for (std::string_view field = next_field(line); !field.empty(); field = next_field(line), ++count) {
      const auto number = parse_u64(field);
      if (!number || count == kMostNumbers) return fail(concat("not understood: ", quote(text)));
      numbers[count] = *number;
    }
    if (count < shape->least || count > shape->most) return fail(concat("not understood: ", quote(text)));
    for (std::size_t i = 0; i < kCounters.size(); ++i) {
      if (kCounters[i].line == key) stats[i] = numbers[kCounters[i].index];
    }
  }
  return stats;
}

Result<std::unique_ptr<Collector>> make_xfs_collector(const CollectorContext& context) {
  return std::make_unique<XfsCollector>(context);
}

}  // namespace piman::agent
