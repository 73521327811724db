// SPDX-License-Identifier: Apache-2.0
// What comes after the first day of a CA: `piman ca rotate` and `piman ca revoke`.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "common/text.h"
#include "manager/ca/command_parts.h"
#include "manager/ca/folder.h"

namespace piman::manager::ca {
namespace {

constexpr std::size_t kMostNameBytes = 64;
constexpr std::string_view kCertificateEnd = ".crt";

/// "lab CA" becomes "lab CA 2026-11-28": two CAs of one name confuse people and programs.
std::string next_name(std::string name, WallTime now) {
  if (name.empty()) name = "fleet CA";
  const std::string date = date_of(now);
  // The date of the last time goes.
  if (const std::size_t blank = name.rfind(' ');
      blank != std::string::npos && name.size() - blank - 1 == date.size() &&
      name.find_first_not_of("0123456789-", blank + 1) == std::string::npos) {
    name.resize(blank);
  }
  if (name.size() + 1 + date.size() > kMostNameBytes) name.resize(kMostNameBytes - 1 - date.size());
  while (!is_valid_utf8(name)) name.pop_back();  // a letter that was cut
  return concat(name, ' ', date);
}

int finish(const std::string& folder, WallTime now) {
  const auto dropped = drop_old_authorities(folder, now);
  if (!dropped) return fail_ca(dropped.error().message);
  std::puts(concat(*dropped, " former CA(s) forgotten; ", folder, "/ca.crt is to be copied once more to who trusts it")
                .c_str());
  return kDone;
}

bool is_signed_by_one_of(const std::string& certificate, const std::vector<Identity>& authorities) {
  return std::any_of(authorities.begin(), authorities.end(),
                     [&](const Identity& each) { return is_issued_by(certificate, each.certificate); });
}

/// Signs anew what a former CA signed, and nothing that somebody else did: a file in the folder is no reason to trust
/// it. Exit status: kFailed when something could not be. REQUIRES: a lock.
int sign_anew(const std::string& folder, Days days, WallTime now) {
  const auto authorities = read_authorities(folder);
  if (!authorities) return fail_ca(authorities.error().message);
  const auto found = list(folder);
  if (!found) return fail_ca(found.error().message);
  int exit = kDone;
  std::size_t count = 0;
  for (const Listed& each : *found) {
    if (each.facts.is_authority || each.is_revoked || each.is_of_present_ca || each.facts.ends <= now) continue;
    const std::string name = each.file.substr(0, each.file.size() - kCertificateEnd.size());
    if (!is_certificate_name(name) || !is_signed_by_one_of(each.certificate, *authorities)) {
      exit = fail_ca(concat(folder, '/', each.file, ": not of this CA, or called as none of its files is: left alone"));
      continue;
    }
    auto renewed = renew(authorities->front(), each.certificate, days, now);
    const Result<void> stored = renewed ? store(folder, name, Identity{std::move(*renewed), {}}, now)
                                        : Result<void>(fail(renewed.error().message));
    if (stored) {
      ++count;
    } else {
      exit = fail_ca(concat(name, ": ", stored.error().message));
    }
  }
  std::puts(concat(count, " certificate(s) signed anew, for the same keys: copy each NAME.crt to its node").c_str());
  return exit;
}

}  // namespace

int run_rotate(std::span<const char* const> arguments) {
  const std::array<Flag, 4> table = {
      {folder_flag(),
       {"days", "N", "3650", "For how long the new CA, and what it signs, is good.", false},
       {"finish", "", "false", "Ends it: the former CA is trusted no more, and its key is removed.", false},
       help()}};
  constexpr std::string_view kUsageText =
      "Usage: piman ca rotate [FLAG ...]\n\n"
      "Makes a new CA and signs all certificates of the folder anew, for the keys that they have. ca.crt holds both "
      "CAs,\n"
      "so that old and new certificates are good until everybody has new ones. Then --finish. A run that was cut "
      "short\n"
      "goes on where it was.\n"
      "Exit code: 0 done, 1 some of it was not, 2 wrong usage.\n\n"
      "Examples:\n"
      "  piman ca rotate\n"
      "  piman ca rotate --finish\n";
  const ParsedFlags parsed = parse_flags(table, arguments);
  if (const auto done = check(parsed, table, kUsageText, 0)) return *done;
  const auto days = days_of(parsed, table);
  if (!days) return fail_days(parsed, table);
  const std::string folder = parsed.value(table, "ca.dir");
  const WallTime now = std::chrono::system_clock::now();
  const auto lock = FolderLock::take(folder);
  if (!lock) return fail_ca(lock.error().message);
  if (parsed.is_on(table, "finish")) return finish(folder, now);
  const auto authorities = read_authorities(folder);
  if (!authorities) return fail_ca(authorities.error().message);
  if (authorities->size() > 1) {
    std::puts("a new CA is there already: --finish ends this rotation");
    // The run that made it may have died before its list: who verifies would refuse all that it signs.
    if (const auto written = write_revocation_lists(folder, now); !written) return fail_ca(written.error().message);
    return sign_anew(folder, *days, now);
  }
  const auto facts = facts_of(authorities->front().certificate);
  if (!facts) return fail_ca(facts.error().message);
  const auto next = make_authority(next_name(facts->common_name, now), now, *days);
  if (!next) return fail_ca(next.error().message);
  if (const auto added = add_authority(folder, *next, now); !added) return fail_ca(added.error().message);
  std::puts(concat(folder, "/ca.crt holds the new and the former CA: copy it to who trusts it").c_str());
  return sign_anew(folder, *days, now);
}

int run_revoke(std::span<const char* const> arguments) {
  const std::array<Flag, 2> table = {folder_flag(), help()};
  constexpr std::string_view kUsageText =
      "Usage: piman ca revoke NAME [FLAG ...]\n\n"
      "Takes all certificates of that name back: when a node or its card was stolen. A manager with this folder "
      "refuses\n"
      "them from its next scrape on; ca.crl is for others who verify. A node that is installed anew, or a new\n"
      "\"piman ca issue\", gets a certificate that is good.\n"
      "Exit code: 0 done, 1 not, 2 wrong usage.\n\n"
      "Examples:\n"
      "  piman ca revoke pi7\n";
  const ParsedFlags parsed = parse_flags(table, arguments);
  if (const auto done = check(parsed, table, kUsageText, 1)) return *done;
  const std::string folder = parsed.value(table, "ca.dir");
  const std::string& name = parsed.arguments.front();
  if (!is_certificate_name(name)) return fail_ca(concat(quote(name), " is no name of a certificate"), kUsage);
  const auto lock = FolderLock::take(folder);
  if (!lock) return fail_ca(lock.error().message);
  const auto revoked = revoke(folder, name, std::chrono::system_clock::now());
  if (!revoked) return fail_ca(revoked.error().message);
  std::puts(concat(*revoked, " certificate(s) of ", name, " taken back; the list is ", folder, "/ca.crl").c_str());
  return kDone;
}

}  // namespace piman::manager::ca
