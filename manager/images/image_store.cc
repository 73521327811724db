// SPDX-License-Identifier: Apache-2.0
#include "manager/images/image_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <utility>

#include "common/text.h"

namespace piman::manager {

using netboot::install::Image;

Image to_install(const std::string& folder, const StoredImage& image) {
  return {image.name, image.version, image.format, image.sha256, image.size_bytes, blob_path(folder, image.sha256)};
}

Result<std::unique_ptr<ImageStore>> ImageStore::open(std::string folder) {
  auto store = std::make_unique<ImageStore>(std::move(folder));
  if (auto read = store->refresh(); !read) return tl::unexpected<Error>(read.error());
  return store;
}

Result<void> ImageStore::refresh() const {
  const auto stamp = index_stamp(folder_);
  {
    const MutexLock lock(mutex_);
    if (stamp && *stamp == stamp_) {
      problem_.clear();
      return {};
    }
  }
  auto read = stamp ? read_index(folder_) : Result<StampedIndex>(tl::unexpected<Error>(stamp.error()));
  const MutexLock lock(mutex_);
  if (!read) {
    problem_ = read.error().message;
    return tl::unexpected<Error>(read.error());
  }
  // Two threads may read at the same time; one with an older file sees at its next call that it is another one.
  index_ = std::make_shared<const ImageIndex>(std::move(read->index));
  stamp_ = read->stamp;
  problem_.clear();
  return {};
}

std::shared_ptr<const ImageIndex> ImageStore::index() const {
  (void)refresh();  // problem() says what is wrong
  const MutexLock lock(mutex_);
  return index_;
}

Result<Image> ImageStore::look_up(std::string_view name) const {
  const auto images = index();
  const StoredImage* image = nullptr;
  if (name.empty()) {
    image = images->default_image();
  } else {
    const auto ref = parse_image_ref(name);
    if (!ref) return tl::unexpected<Error>(ref.error());
    image = images->find(*ref);
  }
  if (image == nullptr) {
    if (const std::string why = problem(); !why.empty()) return fail(why);
    return fail(name.empty()
                    ? concat("no image is the default in ", folder_, ": choose one with `piman image default NAME`")
                    : concat("no image ", name, " in ", folder_, "; `piman image list` shows what there is"));
  }
  Image found = to_install(folder_, *image);
  struct stat status {};
  const bool is_whole = ::lstat(found.path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
                        static_cast<std::uint64_t>(status.st_size) == found.size_bytes;
  if (!is_whole) {
    return fail(
        concat(image->ref().to_string(), ": ", found.path, " is not what was added; `piman image verify` tells more"));
  }
  return found;
}

std::optional<Image> ImageStore::find(std::string_view name) const {
  if (name.empty()) return std::nullopt;
  auto found = look_up(name);
  return found ? std::optional<Image>(std::move(*found)) : std::nullopt;
}

std::optional<Image> ImageStore::default_image() const {
  auto found = look_up({});
  return found ? std::optional<Image>(std::move(*found)) : std::nullopt;
}

std::vector<Image> ImageStore::list() const {
  std::vector<Image> all;
  const auto images = index();
  all.reserve(images->images.size());
  for (const StoredImage& image : images->images) all.push_back(to_install(folder_, image));
  return all;
}

Result<ImageHold> ImageStore::hold(const Image& image) const {
  UniqueFd file(::open(image.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.valid()) return fail_errno("opening", image.path);
  // Who removes it holds it alone for a moment. Between that and our open() it may have lost its last name.
  struct stat status {};
  if (::flock(file.get(), LOCK_SH | LOCK_NB) != 0 || ::fstat(file.get(), &status) != 0 || status.st_nlink == 0) {
    return fail(concat(image.name, '@', image.version, " is being removed"));
  }
  return ImageHold(std::move(file));
}

std::string ImageStore::problem() const {
  const MutexLock lock(mutex_);
  return problem_;
}

}  // namespace piman::manager
