// SPDX-License-Identifier: Apache-2.0
#include "manager/ca/folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "common/text.h"
#include "common/unique_fd.h"
#include "manager/ca/revocation.h"

namespace piman::manager::ca {
namespace {

constexpr std::size_t kMostBytes = 64UL * 1024;
constexpr ::mode_t kSecret = 0600, kPublic = 0644;

tl::unexpected<Error> fail_errno(std::string_view what, const std::string& path) {
  return fail(concat(what, ' ', path, ": ", std::generic_category().message(errno)));
}

Result<std::string> read_file(const std::string& path, std::size_t most) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) return fail_errno("reading", path);
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ::ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("reading", path);
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > most) return fail(concat("reading ", path, ": more than ", most, " bytes"));
  }
}

/// What root writes is the folder's owner's: a manager that is not root must read it.
bool give_to_owner(int fd, const std::string& path) {
  struct stat folder {};
  if (::geteuid() != 0 || ::stat(path.substr(0, path.rfind('/')).c_str(), &folder) != 0) return true;
  return ::fchown(fd, folder.st_uid, folder.st_gid) == 0;
}

/// So is a folder that root makes in the folder of a service.
bool inherit_owner(const std::string& folder) {
  struct stat above {};
  if (::geteuid() != 0 || ::stat((folder + "/..").c_str(), &above) != 0) return true;
  // Never what a link points to: whoever owns the folder above could put one there.
  return ::lchown(folder.c_str(), above.st_uid, above.st_gid) == 0;
}

Result<void> write_whole(const std::string& path, std::string_view text, ::mode_t mode) {
  const std::string unfinished = path + ".new";
  ::unlink(unfinished.c_str());
  {
    const UniqueFd file(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!file.valid()) return fail_errno("writing", unfinished);
    if (!give_to_owner(file.get(), path)) return fail_errno("giving away", unfinished);
    const ::ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written != static_cast<::ssize_t>(text.size()) || ::fsync(file.get()) != 0) {
      return fail_errno("writing", unfinished);
    }
  }
  if (::rename(unfinished.c_str(), path.c_str()) != 0) return fail_errno("writing", path);
  const UniqueFd folder(::open(path.substr(0, path.rfind('/')).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid() || ::fsync(folder.get()) != 0) return fail_errno("writing the folder of", path);
  return {};
}

Result<void> write_pair(const std::string& base, const Identity& identity) {
  if (auto written = write_whole(base + ".key", identity.key, kSecret); !written) return written;
  return write_whole(base + ".crt", identity.certificate, kPublic);
}

std::string number_of(std::size_t index) { return index == 0 ? std::string() : concat('-', index + 1); }
std::string key_file(const std::string& folder, std::size_t index) {
  return concat(folder, "/ca", number_of(index), ".key");
}

Result<std::vector<LedgerEntry>> read_ledger(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return std::vector<LedgerEntry>();
  const auto text = read_file(path, kMostLedgerBytes);
  if (!text) return tl::unexpected<Error>(text.error());
  auto entries = parse_ledger(*text);
  if (!entries) return fail_with(path, entries.error());
  return entries;
}

/// Errors: too long to be read again.
Result<void> write_ledger(const std::string& path, const std::vector<LedgerEntry>& entries) {
  const std::string text = render_ledger(entries);
  if (text.size() > kMostLedgerBytes) {
    return fail(concat(path, " is full: a new CA in a folder of its own begins anew"));
  }
  return write_whole(path, text, kPublic);
}

Result<void> note_issued(const std::string& folder, const std::string& name, const std::string& certificate,
                         WallTime now) {
  const auto facts = facts_of(certificate);
  if (!facts) return tl::unexpected<Error>(facts.error());
  const std::string path = folder + "/issued.csv";
  auto ledger = read_ledger(path);
  if (!ledger) return tl::unexpected<Error>(ledger.error());
  std::erase_if(*ledger, [now](const LedgerEntry& each) { return each.time < now; });
  ledger->push_back({facts->serial, name, facts->ends});
  return write_ledger(path, *ledger);
}

}  // namespace

Result<FolderLock> FolderLock::take(const std::string& folder) {
  constexpr int kTries = 100;
  constexpr std::chrono::milliseconds kPause{50};
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return fail_errno("opening", folder);
  for (int tries = 0; tries < kTries; ++tries) {
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return FolderLock(std::move(fd));
    if (errno != EWOULDBLOCK && errno != EINTR) return fail_errno("locking", folder);
    std::this_thread::sleep_for(kPause);
  }
  return fail(concat("locking ", folder, ": another program has been at work there for seconds"));
}

Result<void> create(const std::string& folder, const Identity& authority, WallTime now) {
  std::error_code error;
  const bool is_new = std::filesystem::create_directories(folder, error);
  if (error) return fail(concat("making ", folder, ": ", error.message()));
  if (is_new && !inherit_owner(folder)) return fail_errno("giving away", folder);
  if (::access((folder + "/ca.crt").c_str(), F_OK) == 0) {
    return fail(concat(folder, "/ca.crt is there already: what it signed would be worth nothing with another"));
  }
  if (::access((folder + "/ca.key").c_str(), F_OK) == 0) {
    return fail(concat(folder, "/ca.key is there, without a ca.crt: put that back, or remove the key"));
  }
  if (auto written = write_pair(folder + "/ca", authority); !written) return written;
  return write_revocation_lists(folder, now);
}

Result<std::vector<Identity>> read_authorities(const std::string& folder) {
  const auto bundle = read_file(folder + "/ca.crt", kMostBytes);
  if (!bundle) return fail(concat(bundle.error().message, "; \"piman ca init\" makes a CA"));
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < kMostCertificates; ++i) {
    const std::string path = key_file(folder, i);
    if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) continue;
    auto key = read_file(path, kMostBytes);
    if (!key) return tl::unexpected<Error>(key.error());
    keys.push_back(std::move(*key));
  }
  std::vector<Identity> authorities;
  for (std::string& certificate : certificates_in(*bundle)) {
    Identity authority{std::move(certificate), {}};
    for (const std::string& key : keys) {
      if (is_pair({authority.certificate, key})) authority.key = key;
    }
    authorities.push_back(std::move(authority));
  }
  if (authorities.empty()) return fail(concat(folder, "/ca.crt holds no certificate"));
  if (authorities.front().key.empty())
    return fail(concat(folder, ": no ca.key belongs to the first certificate of ca.crt"));
  return authorities;
}

Result<Identity> read_authority(const std::string& folder) {
  auto authorities = read_authorities(folder);
  if (!authorities) return tl::unexpected<Error>(authorities.error());
  return std::move(authorities->front());
}

Result<void> store(const std::string& folder, const std::string& name, const Identity& identity, WallTime now) {
  // What is good somewhere must be known here, or it can't be taken back.
  if (auto noted = note_issued(folder, name, identity.certificate, now); !noted) return noted;
  const std::string base = concat(folder, '/', name);
  if (!identity.key.empty()) return write_pair(base, identity);
  if (auto written = write_whole(base + ".crt", identity.certificate, kPublic); !written) return written;
  // A key of an earlier certificate, which is of no use beside this one.
  const auto key = read_file(base + ".key", kMostBytes);
  if (key && !is_pair({identity.certificate, *key}) && ::unlink((base + ".key").c_str()) != 0) {
    return fail_errno("removing", base + ".key");
  }
  return {};
}

Result<void> check_free_for_node(const std::string& folder, const std::string& name) {
  const std::string path = concat(folder, '/', name, ".crt");
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return {};
  const auto text = read_file(path, kMostBytes);
  if (!text) return tl::unexpected<Error>(text.error());
  const auto facts = facts_of(*text);
  if (!facts) return fail_with(path, facts.error());
  if (facts->is_for_clients) return fail(concat(path, " is for a client: the node needs another name"));
  return {};
}

Result<std::size_t> revoke(const std::string& folder, const std::string& name, WallTime now) {
  const auto issued = read_ledger(folder + "/issued.csv");
  if (!issued) return tl::unexpected<Error>(issued.error());
  auto revoked = read_ledger(folder + "/revoked.csv");
  if (!revoked) return tl::unexpected<Error>(revoked.error());
  std::vector<std::string> serials;
  for (const LedgerEntry& each : *issued) {
    if (each.name == name && each.time >= now) serials.push_back(each.serial);
  }
  // One that an earlier version issued without noting it.
  if (const auto present = read_file(concat(folder, '/', name, ".crt"), kMostBytes)) {
    if (const auto facts = facts_of(*present); facts && facts->ends >= now) serials.push_back(facts->serial);
  }
  std::size_t count = 0;
  for (const std::string& serial : serials) {
    const bool is_new =
        std::none_of(revoked->begin(), revoked->end(), [&](const LedgerEntry& each) { return each.serial == serial; });
    if (!is_new) continue;
    revoked->push_back({serial, name, now});
    ++count;
  }
  if (serials.empty()) return fail(concat("no certificate that is still good is called ", name));
  if (auto written = write_ledger(folder + "/revoked.csv", *revoked); !written) {
    return tl::unexpected<Error>(written.error());
  }
  // Also when nothing is new: the last run may have died before this.
  if (auto written = write_revocation_lists(folder, now); !written) return tl::unexpected<Error>(written.error());
  return count;
}

Result<void> write_revocation_lists(const std::string& folder, WallTime now) {
  const auto authorities = read_authorities(folder);
  if (!authorities) return tl::unexpected<Error>(authorities.error());
  const auto ledger = read_ledger(folder + "/revoked.csv");
  if (!ledger) return tl::unexpected<Error>(ledger.error());
  std::vector<Revoked> revoked;
  for (const LedgerEntry& each : *ledger) revoked.push_back({each.serial, each.time});
  std::string lists;  // of all authorities whose key is there: who verifies wants one of each
  for (const Identity& authority : *authorities) {
    if (authority.key.empty()) continue;
    const auto one = revocation_list(authority, revoked, now);
    if (!one) return tl::unexpected<Error>(one.error());
    lists += *one;
  }
  return write_whole(folder + "/ca.crl", lists, kPublic);
}

Result<void> add_authority(const std::string& folder, const Identity& next, WallTime now) {
  const auto present = read_authorities(folder);
  if (!present) return tl::unexpected<Error>(present.error());
  std::size_t free = 0;
  while (free < kMostCertificates && ::access(key_file(folder, free).c_str(), F_OK) == 0) ++free;
  if (free == kMostCertificates || present->size() + 1 > kMostCertificates) {
    return fail("too many former CAs are trusted still: \"piman ca rotate --finish\" forgets them");
  }
  if (auto written = write_whole(key_file(folder, free), next.key, kSecret); !written) return written;
  std::string bundle = next.certificate;
  for (const Identity& each : *present) bundle += each.certificate;
  if (auto written = write_whole(folder + "/ca.crt", bundle, kPublic); !written) return written;
  return write_revocation_lists(folder, now);
}

Result<std::size_t> drop_old_authorities(const std::string& folder, WallTime now) {
  const auto present = read_authorities(folder);
  if (!present) return tl::unexpected<Error>(present.error());
  const Identity& kept = present->front();
  if (auto written = write_whole(folder + "/ca.crt", kept.certificate, kPublic); !written) {
    return tl::unexpected<Error>(written.error());
  }
  for (std::size_t i = 0; i < kMostCertificates; ++i) {
    const auto key = read_file(key_file(folder, i), kMostBytes);
    if (key && *key != kept.key && ::unlink(key_file(folder, i).c_str()) != 0) {
      return fail_errno("removing", key_file(folder, i));
    }
  }
  if (auto written = write_revocation_lists(folder, now); !written) return tl::unexpected<Error>(written.error());
  return present->size() - 1;
}

Result<std::vector<Listed>> list(const std::string& folder) {
  std::vector<Listed> found;
  const auto authority = read_authority(folder);
  const auto revoked = read_ledger(folder + "/revoked.csv");
  if (!revoked) return tl::unexpected<Error>(revoked.error());
  const auto add = [&](const std::string& file, const std::string& certificate) {
    auto facts = facts_of(certificate);
    if (!facts) return;
    const bool is_revoked = std::any_of(revoked->begin(), revoked->end(),
                                        [&](const LedgerEntry& each) { return each.serial == facts->serial; });
    const bool is_present = authority && is_issued_by(certificate, authority->certificate);
    found.push_back({file, certificate, std::move(*facts), is_revoked, is_present});
  };
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator(folder, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() != ".crt") continue;
    const auto text = read_file(entry->path().string(), kMostBytes);
    if (!text) continue;
    const std::string file = entry->path().filename().string();
    if (file != "ca.crt") {
      add(file, *text);
      continue;
    }
    for (const std::string& each : certificates_in(*text)) add(file, each);
  }
  if (error) return fail(concat("reading ", folder, ": ", error.message()));
  std::stable_sort(found.begin(), found.end(), [](const Listed& a, const Listed& b) { return a.file < b.file; });
  return found;
}

}  // namespace piman::manager::ca
