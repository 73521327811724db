// SPDX-License-Identifier: Apache-2.0
#include "netboot/tftp/boot_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "common/text.h"

namespace piman::netboot::tftp {
namespace {

/// A regular file is read as usual; what else has such a name (a pipe, a device) does not block us.
constexpr std::uint64_t kFileFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
constexpr unsigned kMaxDepth = 16;

int open_beneath(int root, const char* path, std::uint64_t flags) {
  open_how how{};
  how.flags = flags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  // EAGAIN: a rename somewhere kept the kernel from being sure that ".." of a link stays inside; trying again helps.
  for (int attempt = 0; attempt < 8; ++attempt) {
    const long fd = ::syscall(SYS_openat2, root, path, &how, sizeof how);
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) return static_cast<int>(fd);
  }
  return -1;
}

std::string error_text(int error) { return std::strerror(error); }  // NOLINT(concurrency-mt-unsafe)

std::int64_t nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

Fault fault_of(int error, const std::string& path) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENXIO:         // a pipe that nobody writes
    case ENAMETOOLONG:  // what can't exist does not
      return {FileFault::kNotFound, error_text(error), path};
    case EXDEV:
      return {FileFault::kForbidden, "a link leads out of the boot root", path};
    case EACCES:
    case EPERM:
    case ELOOP:
      return {FileFault::kForbidden, error_text(error), path};
    default:
      return {FileFault::kUnreadable, error_text(error), path};
  }
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

}  // namespace

std::string_view word(FileFault fault) {
  switch (fault) {
    case FileFault::kNotFound:
      return "not_found";
    case FileFault::kBadName:
      return "bad_name";
    case FileFault::kForbidden:
      return "forbidden";
    case FileFault::kTooLarge:
      return "too_large";
    case FileFault::kUnreadable:
      return "unreadable";
    case FileFault::kBadTemplate:
      return "bad_template";
  }
  return "";
}

Result<FileIdentity> identify(int fd) {
  struct stat found {};
  if (::fstat(fd, &found) != 0) return fail(error_text(errno));
  if (!S_ISREG(found.st_mode)) return fail("not a regular file");
  return FileIdentity{.device = found.st_dev,
                      .inode = found.st_ino,
                      .size_bytes = static_cast<std::uint64_t>(found.st_size),
                      .modified_ns = nanoseconds(found.st_mtim),
                      .changed_ns = nanoseconds(found.st_ctim)};
}

BootFiles::BootFiles(std::string root, UniqueFd fd, BootTreeSettings settings, std::uint64_t max_file_bytes)
    : root_(std::move(root)), fd_(std::move(fd)), settings_(std::move(settings)), max_file_bytes_(max_file_bytes) {}

Result<BootFiles> BootFiles::open(const std::string& root, BootTreeSettings settings, std::uint64_t max_file_bytes) {
  UniqueFd fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return fail(concat("opening the boot root ", root, ": ", error_text(errno)));
  if (const UniqueFd probe(open_beneath(fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)); !probe.valid()) {
    return fail(concat("openat2, which keeps boot files inside their root, does not work here: ", error_text(errno)));
  }
  return BootFiles(root, std::move(fd), std::move(settings), max_file_bytes);
}

tl::expected<FoundFile, Fault> BootFiles::open_candidate(const Candidate& candidate) const {
  UniqueFd fd(open_beneath(fd_.get(), candidate.path.c_str(), kFileFlags));
  if (!fd.valid()) return tl::unexpected(fault_of(errno, candidate.path));
  const auto identity = identify(fd.get());
  if (!identity) return tl::unexpected(Fault{FileFault::kNotFound, identity.error().message, candidate.path});
  if (identity->size_bytes > max_file_bytes_) {
    return tl::unexpected(Fault{
        FileFault::kTooLarge, concat(identity->size_bytes, " bytes, the limit is ", max_file_bytes_), candidate.path});
  }
  return FoundFile{.fd = std::move(fd),
                   .identity = *identity,
                   .layer = candidate.layer,
                   .is_template = candidate.is_template,
                   .name = {},
                   .path = candidate.path};
}

tl::expected<FoundFile, Fault> BootFiles::find(std::string_view requested, const Host& host) const {
  const auto full_name = normalise(requested);
  if (!full_name) {
    // A directory or nothing at all is not there; the other faults are nobody's honest question.
    const bool is_empty = full_name.error() == NameFault::kEmpty;
    return tl::unexpected(
        Fault{is_empty ? FileFault::kNotFound : FileFault::kBadName, std::string(word(full_name.error())), {}});
  }
  const std::string_view name = without_prefix(*full_name, settings_);
  for (const Candidate& candidate : candidates(name, layers_of(host, settings_))) {
    auto found = open_candidate(candidate);
    // What is there and can't be served is told, not passed over: the layer below holds something else.
    if (!found && found.error().kind == FileFault::kNotFound) continue;
    if (found) found->name = name;
    return found;
  }
  return tl::unexpected(Fault{FileFault::kNotFound, "in no layer", {}});
}

std::vector<Presence> BootFiles::find_all(std::string_view name, const Host& host) const {
  std::vector<Presence> all;
  for (Candidate& candidate : candidates(name, layers_of(host, settings_))) {
    const auto found = open_candidate(candidate);
    if (!found && found.error().kind == FileFault::kNotFound) continue;
    all.push_back({.candidate = std::move(candidate),
                   .size_bytes = found ? found->identity.size_bytes : 0,
                   .fault = found ? std::string() : concat(word(found.error().kind), ": ", found.error().detail)});
  }
  return all;
}

void BootFiles::walk(const std::string& directory, const std::function<bool(const std::string&)>& on_file) const {
  walk_below(directory, "", {}, on_file);
}

bool BootFiles::walk_below(const std::string& directory, const std::string& name, WalkState state,
                           const std::function<bool(const std::string& name)>& on_file) const {
  const std::string path = name.empty() ? directory : concat(directory, '/', name);
  UniqueFd fd(open_beneath(fd_.get(), path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return true;
  const std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(fd.get()));
  if (!stream) return true;
  fd.release();                                            // the stream's now
  while (const dirent* entry = ::readdir(stream.get())) {  // NOLINT(concurrency-mt-unsafe): the stream is ours alone
    const std::string_view part = entry->d_name;
    if (part == "." || part == "..") continue;
    const std::string inner = name.empty() ? std::string(part) : concat(name, '/', part);
    const std::string inner_path = concat(directory, '/', inner);
    const auto is_directory = [&](std::uint64_t flags) {
      return UniqueFd(open_beneath(fd_.get(), inner_path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC | flags)).valid();
    };
    const bool is_real = is_directory(O_NOFOLLOW);
    if (!is_real && !is_directory(0)) {
      if (!on_file(inner)) return false;
      continue;
    }
    if (state.depth + 1 == kMaxDepth || (!is_real && state.below_link)) continue;
    if (!walk_below(directory, inner, {state.depth + 1, state.below_link || !is_real}, on_file)) return false;
  }
  return true;
}

Result<std::string> read_whole(const FoundFile& file, std::size_t max_bytes) {
  if (file.identity.size_bytes > max_bytes) return fail(concat(file.identity.size_bytes, " bytes are too many"));
  std::string text(static_cast<std::size_t>(file.identity.size_bytes), '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t count =
        ::pread(file.fd.get(), text.data() + filled, text.size() - filled, static_cast<off_t>(filled));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(error_text(errno));
    if (count == 0) return fail("it got shorter while it was read");
    filled += static_cast<std::size_t>(count);
  }
  return text;
}

}  // namespace piman::netboot::tftp
