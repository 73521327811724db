// SPDX-License-Identifier: Apache-2.0
#include "manager/fleet/hosts_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <system_error>

#include "common/text.h"
#include "common/unique_fd.h"
#include "manager/fleet/inventory.h"
#include "manager/fleet/text_file.h"

namespace piman::manager {
namespace {

tl::unexpected<Error> fail_errno(std::string_view what, const std::string& path) {
  return fail(concat(what, ' ', path, ": ", std::generic_category().message(errno)));
}

/// The file itself where `path` is a link to it: renaming over the link would put a copy in its place.
std::string real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  return real == nullptr ? path : std::string(real.get());
}

struct FreeFile {
  std::string path;
  ~FreeFile() {
    if (!path.empty()) ::unlink(path.c_str());
  }
};

Result<void> write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno("writing", path);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> sync_folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return fail_errno("making durable", folder);
  return {};
}

bool is_same(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

/// What stands at a path; nothing when there is no such file.
std::optional<struct stat> status_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return status;
}

/// Puts `text` in the place of `path`, with the owner and mode of `before`.
Result<void> replace(const std::string& path, std::string_view text, const std::optional<struct stat>& before) {
  FreeFile unfinished{concat(path, ".piman-", ::getpid())};
  ::unlink(unfinished.path.c_str());  // of an earlier process with this number that died here
  {
    const UniqueFd fd(::open(unfinished.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!fd.valid()) return fail_errno("writing", unfinished.path);
    if (before && (::fchown(fd.get(), before->st_uid, before->st_gid) != 0 ||
                   ::fchmod(fd.get(), before->st_mode & 07777U) != 0)) {
      return fail_errno("giving the owner and mode of the old file to", unfinished.path);
    }
    if (auto written = write_all(fd.get(), text, unfinished.path); !written) return written;
    if (::fsync(fd.get()) != 0) return fail_errno("writing", unfinished.path);
  }
  const auto now = status_of(path);
  if (now.has_value() != before.has_value() || (now && !is_same(*now, *before))) {
    return fail(concat(path, " was changed by somebody else at the same moment: try again"));
  }
  if (std::rename(unfinished.path.c_str(), path.c_str()) != 0) return fail_errno("replacing", path);
  unfinished.path.clear();
  return sync_folder_of(path);
}

}  // namespace

Result<std::string> with_host(std::string_view csv, const Host& host) {
  const ParsedInventory before = parse_hosts(csv);
  if (!before.problems.empty()) {
    return fail(
        concat("the inventory has a problem, which must be solved first: ", before.problems.front().to_string("")));
  }
  std::string text(csv);
  const bool has_crlf = text.find("\r\n") != std::string::npos;
  const std::string_view line_end = has_crlf ? "\r\n" : "\n";
  if (!text.empty() && !text.ends_with('\n')) text += line_end;
  text += concat(host.mac.to_string(), ';', host.address.to_string(), ';', host.name, ';', line_end);
  if (text.size() > kMostInventoryBytes) return fail("the inventory would get too long");
  const ParsedInventory after = parse_hosts(text);
  if (!after.problems.empty()) return fail(after.problems.front().message);
  if (after.hosts.size() != before.hosts.size() + 1 || after.hosts.back() != host) {
    return fail(concat(quote(host.name), " is no name for a line of its own"));
  }
  return text;
}

Result<std::string> without_host(std::string_view csv, std::string_view which, Host& removed) {
  const ParsedInventory before = parse_hosts(csv);
  if (!before.problems.empty()) {
    return fail(
        concat("the inventory has a problem, which must be solved first: ", before.problems.front().to_string("")));
  }
  const auto mac = MacAddress::parse(which);
  const auto address = Ipv4Address::parse(which);
  const auto is_it = [&](const Host& host) {
    return host.name == which || (mac && host.mac == *mac) || (address && host.address == *address);
  };
  const auto found = std::find_if(before.hosts.begin(), before.hosts.end(), is_it);
  if (found == before.hosts.end()) return fail(concat("the inventory has no ", quote(which)));
  removed = *found;
  std::string text;
  while (!csv.empty()) {
    const std::size_t length = std::min(csv.find('\n'), csv.size() - 1) + 1;
    const std::string_view line = csv.substr(0, length);
    csv.remove_prefix(length);
    const ParsedInventory parsed = parse_hosts(line);
    if (parsed.hosts.size() != 1 || parsed.hosts.front() != removed) text += line;
  }
  if (parse_hosts(text).hosts.size() + 1 != before.hosts.size()) return fail("the line can't be found again");
  return text;
}

Result<Host> remove_host(const std::string& path, std::string_view which) {
  const std::string target = real_path(path);
  const auto before = status_of(target);
  auto csv = read_text_file(target, kMostInventoryBytes);
  if (!csv) return tl::unexpected<Error>(std::move(csv.error()));
  Host removed;
  auto text = without_host(csv->value_or(std::string()), which, removed);
  if (!text) return fail_with(path, text.error());
  // An empty file would look half written to a server.
  if (text->empty()) *text = "# no nodes\n";
  if (auto replaced = replace(target, *text, before); !replaced) return tl::unexpected<Error>(replaced.error());
  return removed;
}

Result<void> append_host(const std::string& path, const Host& host) {
  const std::string target = real_path(path);
  const auto before = status_of(target);
  auto csv = read_text_file(target, kMostInventoryBytes);
  if (!csv) return tl::unexpected<Error>(std::move(csv.error()));
  const auto text = with_host(csv->value_or(std::string()), host);
  if (!text) return fail_with(path, text.error());
  return replace(target, *text, before);
}

}  // namespace piman::manager
