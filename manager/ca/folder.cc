// SPDX-License-Identifier: Apache-2.0
#include "manager/ca/folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "common/text.h"
#include "common/unique_fd.h"

namespace piman::manager::ca {
namespace {

constexpr std::size_t kMostBytes = 64UL * 1024;
constexpr ::mode_t kSecret = 0600, kPublic = 0644;

tl::unexpected<Error> fail_errno(std::string_view what, const std::string& path) {
  return fail(concat(what, ' ', path, ": ", std::generic_category().message(errno)));
}

Result<std::string> read_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) return fail_errno("reading", path);
  std::string text(kMostBytes, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ::ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("reading", path);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

Result<void> write_whole(const std::string& path, std::string_view text, ::mode_t mode) {
  const std::string unfinished = path + ".new";
  ::unlink(unfinished.c_str());
  {
    const UniqueFd file(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!file.valid()) return fail_errno("writing", unfinished);
    const ::ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written != static_cast<::ssize_t>(text.size()) || ::fsync(file.get()) != 0) {
      return fail_errno("writing", unfinished);
    }
  }
  if (::rename(unfinished.c_str(), path.c_str()) != 0) return fail_errno("writing", path);
  return {};
}

Result<void> write_pair(const std::string& base, const Identity& identity) {
  if (auto written = write_whole(base + ".key", identity.key, kSecret); !written) return written;
  return write_whole(base + ".crt", identity.certificate, kPublic);
}

}  // namespace

Result<void> create(const std::string& folder, const Identity& authority) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(concat("making ", folder, ": ", error.message()));
  for (const char* name : {"/ca.key", "/ca.crt"}) {
    if (::access((folder + name).c_str(), F_OK) == 0) {
      return fail(concat(folder, name, " is there already: what it signed would be worth nothing with another"));
    }
  }
  return write_pair(folder + "/ca", authority);
}

Result<Identity> read_authority(const std::string& folder) {
  auto certificate = read_file(folder + "/ca.crt");
  if (!certificate) return fail(concat(certificate.error().message, "; \"piman ca init\" makes a CA"));
  auto key = read_file(folder + "/ca.key");
  if (!key) return tl::unexpected<Error>(key.error());
  return Identity{std::move(*certificate), std::move(*key)};
}

Result<void> store(const std::string& folder, std::string_view name, const Identity& identity) {
  return write_pair(concat(folder, '/', name), identity);
}

Result<std::vector<Listed>> list(const std::string& folder) {
  std::vector<Listed> found;
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator(folder, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() != ".crt") continue;
    const auto text = read_file(entry->path().string());
    if (!text) continue;
    if (auto facts = facts_of(*text)) found.push_back({entry->path().filename().string(), std::move(*facts)});
  }
  if (error) return fail(concat("reading ", folder, ": ", error.message()));
  std::sort(found.begin(), found.end(), [](const Listed& a, const Listed& b) { return a.file < b.file; });
  return found;
}

}  // namespace piman::manager::ca
