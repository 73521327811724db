// SPDX-License-Identifier: Apache-2.0
#include "manager/backup/file_io.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "common/text.h"

namespace piman::manager {
namespace {

tl::unexpected<Error> fail_errno(std::string_view what, const std::string& path) {
  return fail(concat(what, ' ', path, ": ", std::generic_category().message(errno)));
}

}  // namespace

Result<UnfinishedFile> UnfinishedFile::open(const std::string& path) {
  ::unlink(path.c_str());
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return fail_errno("making", path);
  return UnfinishedFile(path, std::move(fd));
}

Result<void> UnfinishedFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd_.get(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail_errno("writing", path_);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

Result<void> UnfinishedFile::finish(std::uint32_t mode, const std::string& owner_of) {
  if (auto given = give_to_owner_of(path_, owner_of); !given) return given;
  if (::fchmod(fd_.get(), mode) != 0 || ::fsync(fd_.get()) != 0) return fail_errno("writing", path_);
  if (::close(fd_.release()) != 0) return fail_errno("writing", path_);
  return {};
}

Result<OldFile> OldFile::open(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a FIFO must not hold us
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) return fail_errno("reading", path);
  if (!S_ISREG(status.st_mode)) return fail(concat("reading ", path, ": not a regular file"));
  return OldFile(path, std::move(fd));
}

Result<std::string> OldFile::read(std::size_t most) {
  std::string bytes(most, '\0');
  std::size_t size = 0;
  while (size < most) {
    const ssize_t got = ::read(fd_.get(), bytes.data() + size, most - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("reading", path_);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  bytes.resize(size);
  return bytes;
}

Result<std::string> OldFile::read_exactly(std::size_t size) {
  auto bytes = read(size);
  if (bytes && bytes->size() != size) return fail(concat(path_, ": is cut off"));
  return bytes;
}

bool file_exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> give_to_owner_of(const std::string& path, const std::string& owner_of) {
  struct stat status {};
  if (::geteuid() != 0 || ::stat(owner_of.c_str(), &status) != 0) return {};
  if (::lchown(path.c_str(), status.st_uid, status.st_gid) != 0) return fail_errno("giving away", path);
  return {};
}

}  // namespace piman::manager
