// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"

/// What goes into a FAT image, and how large it must be. Pure.
namespace piman::manager {

struct FatEntry {
  std::string path;  ///< relative, with slashes: "overlays/README"
  std::uint64_t size_bytes = 0;
  bool is_directory = false;
};

struct FatPlan {
  std::uint64_t total_bytes = 0;  ///< a whole number of sectors
  unsigned sectors_per_cluster = 1;
  unsigned root_entries = 256;
};

inline constexpr std::uint64_t kSectorBytes = 512;
inline constexpr std::size_t kMostFatEntries = 10'000;

/// The smallest FAT16 volume that holds the entries with a little room: all boot firmware reads FAT16, and one chain of
/// firmware loads the image whole, so that each byte of slack is loaded, too.
/// Errors: a name that FAT can't have or that differs from another only in case; too many entries; more than
/// `most_bytes`, with the largest files by name.
Result<FatPlan> plan_fat(std::vector<FatEntry> entries, std::uint64_t most_bytes);

}  // namespace piman::manager
