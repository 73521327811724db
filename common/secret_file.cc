// SPDX-License-Identifier: Apache-2.0
#include "common/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>
#include <vector>

#include "common/text.h"
#include "common/unique_fd.h"

namespace piman {
namespace {

constexpr unsigned kOthers = S_IROTH | S_IWOTH;

}  // namespace

Result<std::string> read_secret_file(const std::string& path, std::size_t most_bytes) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a FIFO must not hold us
  struct stat status {};
  if (!file.valid() || ::fstat(file.get(), &status) != 0) {
    return fail(concat(path, ": ", std::generic_category().message(errno)));
  }
  if (!S_ISREG(status.st_mode)) return fail(concat(path, ": not a regular file"));
  if ((status.st_mode & kOthers) != 0) {
    return fail(concat(path, ": every user of this machine can read or write it; chmod 600"));
  }
  std::vector<char> bytes(most_bytes + 2);  // one more than may be there, and a line end
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(concat(path, ": ", std::generic_category().message(errno)));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  std::string_view rest(bytes.data(), size);
  if (rest.empty()) return fail(concat(path, ": empty"));
  const std::string_view line = next_line(rest);
  if (line.empty()) return fail(concat(path, ": its first line is empty"));
  if (line.size() > most_bytes) return fail(concat(path, ": its first line is longer than ", most_bytes, " bytes"));
  return std::string(line);
}

}  // namespace piman
