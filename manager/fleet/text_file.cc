// SPDX-License-Identifier: Apache-2.0
#include "manager/fleet/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "common/text.h"
#include "common/unique_fd.h"

namespace piman::manager {
namespace {

tl::unexpected<Error> fail_errno(const std::string& path) {
  return fail(concat("reading ", path, ": ", std::generic_category().message(errno)));
}

}  // namespace

Result<std::optional<std::string>> read_text_file(const std::string& path, std::size_t most_bytes) {
  // Without O_NONBLOCK a FIFO put in the file's place would hold the program for ever.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) {
    if (errno == ENOENT) return std::optional<std::string>();
    return fail_errno(path);
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return fail_errno(path);
  if (!S_ISREG(status.st_mode)) return fail(concat("reading ", path, ": not a regular file"));
  std::string text;
  std::array<char, 16UL * 1024> chunk;
  for (;;) {
    const ssize_t got = ::read(fd.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(path);
    if (got == 0) return std::optional<std::string>(std::move(text));
    text.append(chunk.data(), static_cast<std::size_t>(got));
    if (text.size() > most_bytes) return fail(concat("reading ", path, ": longer than ", most_bytes, " bytes"));
  }
}

}  // namespace piman::manager
