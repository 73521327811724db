// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/result.h"
#include "manager/images/archive_rules.h"
#include "manager/images/image_index.h"

/// What `piman image` does to a store. Each is whole or did not happen, also when the process is killed or the power
/// fails in between; when it returns well, it is on the disk. Several processes may do so at the same time.
namespace piman::manager {

/// Told now and then while bytes are read.
using ByteProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

struct AddRequest {
  std::string file;
  ImageRef ref;  ///< with a version
  bool make_default = false;
  std::int64_t now = 0;  ///< seconds since 1970
  ArchiveLimits limits;
};
struct Added {
  StoredImage image;
  bool was_there = false;     ///< under that name and version, and the same
  std::size_t leftovers = 0;  ///< files of adds that were killed, now removed
};
/// Copies, checks and counts in one pass. Makes the folder if need be. A version that is there is never replaced by
/// other contents. Errors: the file is no image, the version is another image, the disk is full, ...
Result<Added> add_image(const std::string& folder, const AddRequest& request, const ByteProgress& progress);

struct RemoveRequest {
  ImageRef ref;
  bool all_versions = false;  ///< otherwise a name without a version must have just one
  bool force = false;         ///< also the default, and what is in use (image_store.h: ImageHold)
};
struct Removed {
  std::vector<StoredImage> images;
  std::uint64_t freed_bytes = 0;  ///< what other images use as well stays
  bool default_is_gone = false;   ///< there is none now
};
Result<Removed> remove_images(const std::string& folder, const RemoveRequest& request);

/// Errors: there is no such image.
Result<StoredImage> set_default_image(const std::string& folder, const ImageRef& ref);

/// Reads the whole file. Errors: it is not what was added.
Result<void> verify_image(const std::string& folder, const StoredImage& image, const ByteProgress& progress);

}  // namespace piman::manager
