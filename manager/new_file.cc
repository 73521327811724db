// SPDX-License-Identifier: Apache-2.0
#include "manager/new_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <system_error>

#include "common/text.h"
#include "common/unique_fd.h"

namespace piman::manager {
namespace {

constexpr int kMostOldOnes = 100;
constexpr int kDeepest = 64;

tl::unexpected<Error> fail_errno(std::string_view what, const std::string& path) {
  return fail(concat(what, ' ', path, ": ", std::generic_category().message(errno)));
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// To be removed when something fails.
struct Unfinished {
  std::string path;
  ~Unfinished() {
    if (!path.empty()) ::unlink(path.c_str());
  }
};

/// Only root can give files away.
std::optional<struct stat> owner_of_folder(const std::string& path) {
  struct stat status {};
  if (::geteuid() != 0 || ::stat(folder_of(path).c_str(), &status) != 0) return std::nullopt;
  return status;
}

Result<void> write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ::ssize_t done = ::write(fd, text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return fail_errno("writing", path);
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

Result<void> sync_folder(const std::string& path) {
  const UniqueFd folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid() || ::fsync(folder.get()) != 0) return fail_errno("writing the folder of", path);
  return {};
}

/// A second name for what stands at `path`; empty when nothing does.
Result<std::string> keep_old(const std::string& path) {
  for (int number = 1; number <= kMostOldOnes; ++number) {
    std::string old = number == 1 ? path + ".old" : concat(path, ".old.", number);
    if (::link(path.c_str(), old.c_str()) == 0) return old;
    if (errno == ENOENT) return std::string();
    if (errno != EEXIST) return fail_errno("keeping", path);
  }
  return fail(concat(path, ".old and ", kMostOldOnes - 1, " more are there: remove some"));
}

}  // namespace

bool is_there(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

Result<std::string> write_new_file(const NewFile& file) {
  Unfinished unfinished{concat(file.path, ".piman-", ::getpid())};
  ::unlink(unfinished.path.c_str());  // of an earlier process with this number that died here
  {
    const UniqueFd fd(::open(unfinished.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, file.mode));
    if (!fd.valid()) return fail_errno("writing", file.path);
    if (::fchmod(fd.get(), file.mode) != 0) return fail_errno("writing", file.path);  // whatever the umask says
    if (file.belongs_to_folders_owner) {
      const auto owner = owner_of_folder(file.path);
      if (owner && ::fchown(fd.get(), owner->st_uid, owner->st_gid) != 0) return fail_errno("giving away", file.path);
    }
    if (auto written = write_all(fd.get(), file.text, file.path); !written) {
      return tl::unexpected<Error>(written.error());
    }
    if (::fsync(fd.get()) != 0) return fail_errno("writing", file.path);
  }
  std::string old;
  if (file.replaces) {
    auto kept = keep_old(file.path);
    if (!kept) return kept;
    old = std::move(*kept);
    if (std::rename(unfinished.path.c_str(), file.path.c_str()) != 0) return fail_errno("replacing", file.path);
    unfinished.path.clear();
  } else if (::link(unfinished.path.c_str(), file.path.c_str()) != 0) {
    return errno == EEXIST ? fail(file.path + " is there already") : fail_errno("writing", file.path);
  }
  if (auto synced = sync_folder(file.path); !synced) return tl::unexpected<Error>(synced.error());
  return old;
}

Result<void> make_folder(const std::string& path) {
  struct stat status {};
  std::string rest = path;
  // From the end up to what is there, then down again.
  std::string missing[kDeepest];
  int count = 0;
  while (::stat(rest.c_str(), &status) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) return fail_errno("looking at", rest);
    if (count == kDeepest) return fail(concat(path, " is too deep"));
    missing[count++] = rest;
    rest = folder_of(rest);
  }
  if (!S_ISDIR(status.st_mode)) return fail(concat(rest, " is no folder"));
  while (count > 0) {
    const std::string& made = missing[--count];
    if (::mkdir(made.c_str(), 0755) != 0) {
      if (errno == EEXIST) continue;  // somebody else made it, and it is theirs
      return fail_errno("making the folder", made);
    }
    // Never what a link points to: the owner of the folder above may have put one there meanwhile.
    if (const auto owner = owner_of_folder(made); owner && ::lchown(made.c_str(), owner->st_uid, owner->st_gid) != 0) {
      return fail_errno("giving away", made);
    }
  }
  return {};
}

}  // namespace piman::manager
