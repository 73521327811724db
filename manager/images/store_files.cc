// SPDX-License-Identifier: Apache-2.0
#include "manager/images/store_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <system_error>
#include <thread>
#include <vector>

#include "common/text.h"

namespace piman::manager {
namespace {

constexpr std::chrono::milliseconds kBetweenTries{20};
constexpr std::int64_t kClockTickNs = 100'000'000;  // many times what file systems keep times in

std::string index_path(const std::string& folder) { return folder + "/index"; }
std::string blobs_folder(const std::string& folder) { return folder + "/blobs/sha256"; }

std::int64_t nanoseconds(const ::timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

Result<void> make_folders(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return fail(concat("making ", path, ": ", error.message()));
  return {};
}

Result<void> write_all(int file, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ::ssize_t wrote = ::write(file, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return fail_errno("writing", path);
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

/// Names of regular files, as many as a store can have.
Result<std::vector<std::string>> files_in(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(path, error);
  if (error) return fail(concat("reading ", path, ": ", error.message()));
  for (; entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (error || names.size() > 10 * kMostImages) break;
    std::error_code ignored;
    if (entry->symlink_status(ignored).type() == std::filesystem::file_type::regular) {
      names.push_back(entry->path().filename().string());
    }
  }
  if (error) return fail(concat("reading ", path, ": ", error.message()));
  return names;
}

bool is_dead(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  return file.valid() && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0;
}

}  // namespace

tl::unexpected<Error> fail_errno(std::string_view doing, std::string_view path) {
  const int reason = errno;
  return fail(concat(doing, ' ', path, ": ", std::strerror(reason)));
}

std::string blob_path(const std::string& folder, std::string_view sha256) {
  return concat(blobs_folder(folder), '/', sha256);
}
std::string adding_folder(const std::string& folder) { return folder + "/adding"; }

Result<StoreLock> StoreLock::take(const std::string& folder, std::chrono::milliseconds patience) {
  for (const std::string& path : {blobs_folder(folder), adding_folder(folder)}) {
    if (auto made = make_folders(path); !made) return tl::unexpected<Error>(made.error());
  }
  const std::string path = folder + "/lock";
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!file.valid()) return fail_errno("opening", path);
  for (auto waited = std::chrono::milliseconds::zero(); ::flock(file.get(), LOCK_EX | LOCK_NB) != 0;
       waited += kBetweenTries) {
    if (errno != EWOULDBLOCK && errno != EINTR) return fail_errno("locking", path);
    if (waited >= patience) {
      return fail(concat(path, ": another command has been changing this store for ", patience.count() / 1000,
                         " s; try again when it has ended"));
    }
    std::this_thread::sleep_for(kBetweenTries);
  }
  return StoreLock(std::move(file));
}

FileStamp FileStamp::of(const struct stat& status) {
  return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size), nanoseconds(status.st_mtim),
          nanoseconds(status.st_ctim)};
}

Result<FileStamp> index_stamp(const std::string& folder) {
  const std::string path = index_path(folder);
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return FileStamp::of(status);
  if (errno == ENOENT) return FileStamp{};
  return fail_errno("reading", path);
}

Result<StampedIndex> read_index(const std::string& folder) {
  const std::string path = index_path(folder);
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid() && errno == ENOENT) return StampedIndex{};
  struct stat status {};
  if (!file.valid() || ::fstat(file.get(), &status) != 0) return fail_errno("reading", path);
  if (!S_ISREG(status.st_mode)) return fail(concat("reading ", path, ": not a file"));
  if (static_cast<std::uint64_t>(status.st_size) > kMostIndexBytes) {
    return fail(concat("reading ", path, ": larger than ", kMostIndexBytes, " bytes, which no index is"));
  }
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const ::ssize_t got = ::read(file.get(), text.data() + have, text.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("reading", path);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  text.resize(have);
  auto index = parse_image_index(text);
  if (!index) return fail_with(path, index.error());
  StampedIndex read{std::move(*index), FileStamp::of(status)};
  // A file that is replaced twice within a tick may get its inode and times back. A young one is read again.
  ::timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  if (nanoseconds(now) - read.stamp.changed_ns < kClockTickNs) read.stamp.changed_ns = -1;
  return read;
}

Result<void> write_index(const std::string& folder, const ImageIndex& index, const StoreLock& /*lock*/) {
  const std::string path = index_path(folder), fresh = path + ".new";
  const std::string text = format_image_index(index);
  if (text.size() > kMostIndexBytes) return fail(concat(path, ": would be larger than ", kMostIndexBytes, " bytes"));
  const UniqueFd file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!file.valid()) return fail_errno("writing", fresh);
  if (auto wrote = write_all(file.get(), text, fresh); !wrote) return wrote;
  if (::fsync(file.get()) != 0) return fail_errno("writing", fresh);
  if (::rename(fresh.c_str(), path.c_str()) != 0) return fail_errno("replacing", path);
  return sync_folder(folder);
}

Result<void> sync_folder(const std::string& path) {
  const UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid() || ::fsync(folder.get()) != 0) return fail_errno("syncing", path);
  return {};
}

Result<std::size_t> remove_leftovers(const std::string& folder, const ImageIndex& index, const StoreLock& /*lock*/) {
  std::size_t removed = 0;
  const auto copies = files_in(adding_folder(folder));
  if (!copies) return tl::unexpected<Error>(copies.error());
  for (const std::string& name : *copies) {
    const std::string path = concat(adding_folder(folder), '/', name);
    if (is_dead(path) && ::unlink(path.c_str()) == 0) ++removed;
  }
  const auto blobs = files_in(blobs_folder(folder));
  if (!blobs) return tl::unexpected<Error>(blobs.error());
  for (const std::string& name : *blobs) {
    // Nothing but what this store made itself.
    if (is_sha256_text(name) && !index.uses_blob(name) && ::unlink(blob_path(folder, name).c_str()) == 0) ++removed;
  }
  return removed;
}

}  // namespace piman::manager
