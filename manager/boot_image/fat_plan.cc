// SPDX-License-Identifier: Apache-2.0
#include "manager/boot_image/fat_plan.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>

#include "common/text.h"

namespace piman::manager {
namespace {

constexpr std::uint64_t kSlotBytes = 32;              // one directory entry
constexpr std::uint64_t kNameBytesPerSlot = 13;       // of a long name
constexpr std::uint64_t kLeastFat16Clusters = 4'300;  // below 4085 it would be FAT12
constexpr std::uint64_t kMostFat16Clusters = 65'000;  // above 65524 it would be FAT32
constexpr std::size_t kMostNameBytes = 255;
constexpr std::size_t kMostPathBytes = 1000;

std::uint64_t divided_up(std::uint64_t value, std::uint64_t by) { return (value + by - 1) / by; }

/// Directory slots of a name: the short entry and, always counted, the long name.
std::uint64_t slots_of(std::string_view name) { return 1 + divided_up(name.size(), kNameBytesPerSlot); }

Result<void> check_name(const std::string& path) {
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::string_view name = next_until(rest, '/');
    const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
      return c >= ' ' && c < '\x7f' && std::string_view("\"*:<>?\\|").find(c) == std::string_view::npos;
    });
    if (name.empty() || name == "." || name == ".." || !plain || name.size() > kMostNameBytes || name.ends_with('.') ||
        name.ends_with(' ') || path.size() > kMostPathBytes) {
      return fail(concat(quote(path), ": not a name that a FAT file system can have"));
    }
  }
  return {};
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}
std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string largest_files(std::vector<FatEntry> entries) {
  std::sort(entries.begin(), entries.end(),
            [](const FatEntry& a, const FatEntry& b) { return a.size_bytes > b.size_bytes; });
  std::string out;
  for (std::size_t i = 0; i < entries.size() && i < 3; ++i) {
    out += concat(out.empty() ? "" : ", ", entries[i].path, " ", divided_up(entries[i].size_bytes, 1024), " KiB");
  }
  return out;
}

}  // namespace

Result<FatPlan> plan_fat(std::vector<FatEntry> entries, std::uint64_t most_bytes) {
  if (entries.size() > kMostFatEntries) return fail(concat("more than ", kMostFatEntries, " files"));
  std::set<std::string> lower_case;
  std::map<std::string, std::uint64_t> slots;  // of each directory but the root
  std::uint64_t root_slots = 1;                // the volume's label
  for (const FatEntry& entry : entries) {
    if (auto named = check_name(entry.path); !named) return fail(named.error().message);
    if (!lower_case.insert(to_lower(entry.path)).second) {
      return fail(
          concat(quote(entry.path), ": there is another name that differs only in case, which FAT can't tell apart"));
    }
    const std::string parent = parent_of(entry.path);
    (parent.empty() ? root_slots : slots[parent]) += slots_of(name_of(entry.path));
    if (entry.is_directory) slots[entry.path] += 2;  // "." and ".."
  }

  FatPlan plan;
  plan.root_entries = static_cast<unsigned>(std::max<std::uint64_t>(256, divided_up(root_slots, 16) * 16));
  for (const unsigned sectors : {1U, 2U, 4U, 8U, 16U}) {
    const std::uint64_t cluster_bytes = sectors * kSectorBytes;
    std::uint64_t clusters = 0;
    std::uint64_t bytes = 0;
    for (const FatEntry& entry : entries) {
      if (entry.is_directory) continue;
      if (entry.size_bytes > most_bytes) bytes = most_bytes + 1;
      clusters += divided_up(std::min(entry.size_bytes, most_bytes + 1), cluster_bytes);
    }
    for (const auto& [path, count] : slots) clusters += divided_up(count * kSlotBytes, cluster_bytes);
    clusters = std::max(clusters + clusters / 100 + 64, kLeastFat16Clusters);
    // Boot sector, one FAT, the root directory, the data; mkfs.vfat aligns some of them to clusters.
    const std::uint64_t overhead = 1 + divided_up(clusters * 2 + 4, kSectorBytes) +
                                   divided_up(plan.root_entries * kSlotBytes, kSectorBytes) +
                                   std::uint64_t{4} * sectors;
    bytes = std::max(bytes, (divided_up(overhead, sectors) * sectors + clusters * sectors) * kSectorBytes);
    if (bytes > most_bytes) {
      return fail(concat("the image would have ", divided_up(bytes, 1U << 20U), " MiB, the limit of bootloaders is ",
                         most_bytes >> 20U, " MiB; the largest files: ", largest_files(std::move(entries))));
    }
    plan.sectors_per_cluster = sectors;
    plan.total_bytes = bytes;
    if (clusters <= kMostFat16Clusters) return plan;
  }
  return fail("no FAT16 volume is large enough");
}

}  // namespace piman::manager
