// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "manager/images/store_files.h"
#include "netboot/install/orders.h"

/// The images that nodes are installed with, as a server sees them: for reading, with what `piman image` changed
/// meanwhile.
namespace piman::manager {

/// While it lives, `piman image rm` leaves the image alone unless it is forced. Goes with the process, however that
/// ends.
class ImageHold {
 public:
  explicit ImageHold(UniqueFd file) : file_(std::move(file)) {}

 private:
  UniqueFd file_;
};

/// Thread-safety: safe. Every call looks at the index file's inode and times (one stat(2)), and reads it when it is
/// another one; that is short enough for the netboot thread. What can't be read leaves the images as they were; see
/// problem().
class ImageStore {
 public:
  /// A folder that is not there is an empty store, and seen when it comes; as is one that can't be read, see problem().
  explicit ImageStore(std::string folder) : folder_(std::move(folder)) {}
  /// Errors: an index that can't be read.
  static Result<std::unique_ptr<ImageStore>> open(std::string folder);

  /// "NAME" is the newest version of it, "NAME@VERSION" that one, "" the default. Errors, in words for who asked: there
  /// is none, its file is not as it was added, or the index can't be read.
  Result<netboot::install::Image> look_up(std::string_view name) const;

  /// The same without words, and without the default.
  std::optional<netboot::install::Image> find(std::string_view name) const;
  /// What `piman image default` named; nothing where that is not there (any more).
  std::optional<netboot::install::Image> default_image() const;
  /// By name, then from the oldest version to the newest.
  std::vector<netboot::install::Image> list() const;
  /// As of now; never null.
  std::shared_ptr<const ImageIndex> index() const;

  /// For as long as orders or installs need it. Errors: it is gone.
  Result<ImageHold> hold(const netboot::install::Image& image) const;

  /// Why the index could not be read the last time; empty: it could.
  std::string problem() const PIMAN_EXCLUDES(mutex_);
  const std::string& folder() const { return folder_; }

 private:
  Result<void> refresh() const PIMAN_EXCLUDES(mutex_);

  const std::string folder_;
  mutable Mutex mutex_;
  mutable std::shared_ptr<const ImageIndex> index_ PIMAN_GUARDED_BY(mutex_) = std::make_shared<const ImageIndex>();
  mutable FileStamp stamp_ PIMAN_GUARDED_BY(mutex_);
  mutable std::string problem_ PIMAN_GUARDED_BY(mutex_);
};

/// With the path of its file.
netboot::install::Image to_install(const std::string& folder, const StoredImage& image);

}  // namespace piman::manager
