// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "manager/boot_image/fat_plan.h"

/// Makes boot.img: a FAT16 volume with the files of a folder, by mkfs.vfat (dosfstools) and mcopy (mtools).
namespace piman::manager {

struct FatImage {
  std::uint64_t size_bytes = 0;
  std::vector<FatEntry> entries;  ///< what is in it, sorted by path
};

/// The files and folders below `folder`, sorted by path. Errors: a folder that can't be read, a link, a device, more
/// than kMostFatEntries of them.
Result<std::vector<FatEntry>> list_folder(const std::string& folder);

/// Writes the image beside `output` and puts it in its place when it is whole. The same files give the same bytes: the
/// order, the volume's number and all times (`timestamp`, seconds since 1970) are fixed.
/// Errors: those of list_folder and plan_fat, a missing program with its package, what a program said when it failed.
Result<FatImage> build_fat_image(const std::string& folder, const std::string& output, std::int64_t timestamp);

}  // namespace piman::manager
