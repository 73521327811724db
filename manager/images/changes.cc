// SPDX-License-Identifier: Apache-2.0
#include "manager/images/changes.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "common/text.h"
#include "common/unique_fd.h"
#include "manager/images/archive_reader.h"
#include "manager/images/sha256.h"
#include "manager/images/store_files.h"

namespace piman::manager {
namespace {

constexpr std::chrono::milliseconds kPatience{30'000};
constexpr std::size_t kChunkBytes = 256UL * 1024;
constexpr std::uint64_t kSpareBytes = 4UL * 1024 * 1024;  // for index and folders, beside the image itself

/// A file that is read once from begin to end, and counted.
class Reading {
 public:
  static Result<Reading> open(const std::string& path, int more_flags) {
    Reading reading;
    reading.path_ = path;
    reading.file_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | more_flags));
    struct stat status {};
    if (!reading.file_.valid() || ::fstat(reading.file_.get(), &status) != 0) return fail_errno("reading", path);
    if (!S_ISREG(status.st_mode)) return fail(concat("reading ", path, ": not a file"));
    reading.size_ = static_cast<std::uint64_t>(status.st_size);
    return reading;
  }

  /// Also feeds the sum.
  Result<std::string_view> next() {
    for (;;) {
      const ::ssize_t got = ::read(file_.get(), chunk_.data(), chunk_.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail_errno("reading", path_);
      const std::string_view bytes(chunk_.data(), static_cast<std::size_t>(got));
      done_ += bytes.size();
      sum_->add(bytes);
      return bytes;
    }
  }

  int fd() const { return file_.get(); }
  std::uint64_t size() const { return size_; }
  std::uint64_t done() const { return done_; }
  std::string sha256() { return sum_->finish(); }

 private:
  Reading() : chunk_(kChunkBytes), sum_(std::make_unique<Sha256Sum>()) {}

  std::string path_;
  UniqueFd file_;
  std::vector<char> chunk_;
  std::unique_ptr<Sha256Sum> sum_;
  std::uint64_t size_ = 0, done_ = 0;
};

/// A file in adding/ that goes away, unless it became a blob. Its flock says that it is alive.
class Copy {
 public:
  static Result<Copy> begin(const std::string& folder, const StoreLock& /*so that nobody takes it for dead*/) {
    Copy copy;
    copy.path_ = adding_folder(folder) + "/XXXXXX";
    copy.file_.reset(::mkostemp(copy.path_.data(), O_CLOEXEC));
    if (!copy.file_.valid()) return fail_errno("making", std::exchange(copy.path_, {}));
    if (::flock(copy.file_.get(), LOCK_EX | LOCK_NB) != 0) return fail_errno("locking", copy.path_);
    return copy;
  }
  Copy(Copy&& other) noexcept : path_(std::exchange(other.path_, {})), file_(std::move(other.file_)) {}
  Copy& operator=(Copy&&) = delete;
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;
  ~Copy() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  Result<void> write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ::ssize_t wrote = ::write(file_.get(), bytes.data(), bytes.size());
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return fail_errno("writing", path_);
      bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return {};
  }
  Result<void> sync() {
    if (::fchmod(file_.get(), 0444) != 0 || ::fsync(file_.get()) != 0) return fail_errno("writing", path_);
    return {};
  }
  Result<void> become(const std::string& blob) {
    if (::rename(path_.c_str(), blob.c_str()) != 0) return fail_errno("making", blob);
    path_.clear();
    return sync_folder(blob.substr(0, blob.rfind('/')));
  }
  int fd() const { return file_.get(); }

 private:
  Copy() = default;
  std::string path_;
  UniqueFd file_;
};

Result<void> check_space(const std::string& folder, const Reading& source) {
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) != 0) return fail_errno("reading the free space of", folder);
  const std::uint64_t free_bytes = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  if (free_bytes >= source.size() + kSpareBytes) return {};
  return fail(concat(folder, ": ", free_bytes >> 20U, " MiB are free, and the image needs ",
                     (source.size() + kSpareBytes) >> 20U));
}

Result<void> check_version(const ImageIndex& index, const ImageRef& ref, std::uint64_t size, std::string_view sha256) {
  const StoredImage* there = index.find(ref);
  if (there == nullptr) {
    if (index.images.size() < kMostImages) return {};
    return fail(concat("there are ", kMostImages, " images already: remove some with `piman image rm`"));
  }
  if (there->size_bytes == size && (sha256.empty() || there->sha256 == sha256)) return {};
  return fail(concat(ref.to_string(),
                     " is there with other contents, and a version never changes: choose another version, or `piman "
                     "image rm ",
                     ref.to_string(), "` before"));
}

struct Begun {
  Copy copy;
  std::size_t leftovers = 0;
};
Result<Begun> begin_add(const std::string& folder, const AddRequest& request, const Reading& source) {
  const auto lock = StoreLock::take(folder, kPatience);
  if (!lock) return tl::unexpected<Error>(lock.error());
  const auto read = read_index(folder);
  if (!read) return tl::unexpected<Error>(read.error());
  if (auto good = check_version(read->index, request.ref, source.size(), {}); !good)
    return tl::unexpected<Error>(good.error());
  const auto leftovers = remove_leftovers(folder, read->index, *lock);
  if (!leftovers) return tl::unexpected<Error>(leftovers.error());
  if (auto space = check_space(folder, source); !space) return tl::unexpected<Error>(space.error());
  auto copy = Copy::begin(folder, *lock);
  if (!copy) return tl::unexpected<Error>(copy.error());
  return Begun{std::move(*copy), *leftovers};
}

Result<ArchiveFacts> copy_and_check(Reading& source, Copy& copy, const AddRequest& request,
                                    const ByteProgress& progress) {
  std::optional<Error> disk_error;
  const auto facts = check_archive(
      [&]() -> Result<std::string_view> {
        const auto bytes = source.next();
        if (!bytes) return bytes;
        if (auto wrote = copy.write(*bytes); !wrote) {
          disk_error = wrote.error();
          return tl::unexpected<Error>(wrote.error());
        }
        if (progress) progress(source.done(), source.size());
        return bytes;
      },
      request.limits);
  if (disk_error) return tl::unexpected<Error>(*disk_error);
  if (!facts) return fail_with(request.file, facts.error());
  if (source.done() != source.size()) return fail(concat(request.file, ": it changed while it was copied; try again"));
  return facts;
}

Result<Added> finish_add(const std::string& folder, const AddRequest& request, StoredImage image, Copy& copy) {
  const auto lock = StoreLock::take(folder, kPatience);
  if (!lock) return tl::unexpected<Error>(lock.error());
  auto read = read_index(folder);
  if (!read) return tl::unexpected<Error>(read.error());
  ImageIndex index = std::move(read->index);
  if (auto good = check_version(index, request.ref, image.size_bytes, image.sha256); !good) {
    return tl::unexpected<Error>(good.error());
  }
  // Also when it is there: what was just checked is better than what may have gone bad meanwhile.
  if (auto made = copy.become(blob_path(folder, image.sha256)); !made) return tl::unexpected<Error>(made.error());
  Added added;
  const StoredImage* there = index.find(request.ref);
  added.was_there = there != nullptr;
  added.image = added.was_there ? *there : image;
  const auto before = index.default_ref;
  if (request.make_default) index.default_ref = ImageRef{request.ref.name, {}};
  if (!added.was_there) index.insert(std::move(image));
  if (!added.was_there || index.default_ref != before) {
    if (auto wrote = write_index(folder, index, *lock); !wrote) return tl::unexpected<Error>(wrote.error());
  }
  return added;
}

/// What was held alone may be removed.
Result<UniqueFd> take_blob(const std::string& folder, const StoredImage& image, bool force) {
  const std::string path = blob_path(folder, image.sha256);
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.valid() || force || ::flock(file.get(), LOCK_EX | LOCK_NB) == 0)
    return file;  // one that is missing is not in use
  return fail(concat(image.ref().to_string(), " is in use by an order or an install; --force removes it all the same"));
}

Result<std::vector<StoredImage>> chosen(const ImageIndex& index, const RemoveRequest& request) {
  std::vector<StoredImage> images;
  for (const StoredImage& image : index.images) {
    if (image.name == request.ref.name && (request.ref.version.empty() || image.version == request.ref.version)) {
      images.push_back(image);
    }
  }
  if (images.empty())
    return fail(concat("there is no image ", request.ref.to_string(), "; `piman image list` shows what there is"));
  if (images.size() > 1 && !request.all_versions) {
    return fail(concat(request.ref.name, " has ", images.size(), " versions: name one (", request.ref.name, '@',
                       images.front().version, "), or --all-versions"));
  }
  const StoredImage* standard = index.default_image();
  if (standard != nullptr && !request.force && std::find(images.begin(), images.end(), *standard) != images.end()) {
    return fail(concat(standard->ref().to_string(),
                       " is the default; choose another one with `piman image default`, or --force"));
  }
  return images;
}

}  // namespace

Result<Added> add_image(const std::string& folder, const AddRequest& request, const ByteProgress& progress) {
  auto source = Reading::open(request.file, 0);
  if (!source) return tl::unexpected<Error>(source.error());
  auto begun = begin_add(folder, request, *source);
  if (!begun) return tl::unexpected<Error>(begun.error());
  const auto facts = copy_and_check(*source, begun->copy, request, progress);
  if (!facts) return tl::unexpected<Error>(facts.error());
  if (auto synced = begun->copy.sync(); !synced) return tl::unexpected<Error>(synced.error());
  StoredImage image{request.ref.name,      request.ref.version, facts->format,       source->sha256(), source->done(),
                    facts->unpacked_bytes, facts->entries,      facts->architecture, request.now};
  auto added = finish_add(folder, request, std::move(image), begun->copy);
  if (added) added->leftovers = begun->leftovers;
  return added;
}

Result<Removed> remove_images(const std::string& folder, const RemoveRequest& request) {
  const auto lock = StoreLock::take(folder, kPatience);
  if (!lock) return tl::unexpected<Error>(lock.error());
  auto read = read_index(folder);
  if (!read) return tl::unexpected<Error>(read.error());
  ImageIndex index = std::move(read->index);
  auto images = chosen(index, request);
  if (!images) return tl::unexpected<Error>(images.error());
  Removed removed;
  removed.images = std::move(*images);
  for (const StoredImage& image : removed.images) index.erase(image.ref());
  std::vector<std::pair<std::string, UniqueFd>> blobs;
  for (const StoredImage& image : removed.images) {
    const auto is_same = [&](const auto& blob) { return blob.first == image.sha256; };
    if (index.uses_blob(image.sha256) || std::any_of(blobs.begin(), blobs.end(), is_same)) continue;
    auto blob = take_blob(folder, image, request.force);
    if (!blob) return tl::unexpected<Error>(blob.error());
    blobs.emplace_back(image.sha256, std::move(*blob));
    removed.freed_bytes += image.size_bytes;
  }
  if (index.default_ref && index.default_image() == nullptr) {
    index.default_ref.reset();
    removed.default_is_gone = true;
  }
  if (auto wrote = write_index(folder, index, *lock); !wrote) return tl::unexpected<Error>(wrote.error());
  for (const auto& blob : blobs) ::unlink(blob_path(folder, blob.first).c_str());  // what stays, the next add removes
  return removed;
}

Result<StoredImage> set_default_image(const std::string& folder, const ImageRef& ref) {
  const auto lock = StoreLock::take(folder, kPatience);
  if (!lock) return tl::unexpected<Error>(lock.error());
  auto read = read_index(folder);
  if (!read) return tl::unexpected<Error>(read.error());
  const StoredImage* image = read->index.find(ref);
  if (image == nullptr)
    return fail(concat("there is no image ", ref.to_string(), "; `piman image list` shows what there is"));
  read->index.default_ref = ref;
  if (auto wrote = write_index(folder, read->index, *lock); !wrote) return tl::unexpected<Error>(wrote.error());
  return *image;
}

Result<void> verify_image(const std::string& folder, const StoredImage& image, const ByteProgress& progress) {
  const std::string path = blob_path(folder, image.sha256);
  auto blob = Reading::open(path, O_NOFOLLOW);
  if (!blob) return tl::unexpected<Error>(blob.error());
  ::flock(blob->fd(), LOCK_SH | LOCK_NB);  // so that it is not removed meanwhile; if it is, that does no harm
  const std::string_view repair = "; `piman image add` of the original file puts it right";
  if (blob->size() != image.size_bytes) {
    return fail(concat(path, ": has ", blob->size(), " bytes in the place of ", image.size_bytes, repair));
  }
  for (;;) {
    const auto bytes = blob->next();
    if (!bytes) return tl::unexpected<Error>(bytes.error());
    if (bytes->empty()) break;
    if (progress) progress(blob->done(), blob->size());
  }
  const std::string sha256 = blob->sha256();
  if (sha256 != image.sha256) return fail(concat(path, ": the contents changed, its sha256 is ", sha256, repair));
  return {};
}

}  // namespace piman::manager
