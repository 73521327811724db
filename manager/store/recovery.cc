// SPDX-License-Identifier: Apache-2.0
#include "manager/store/recovery.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "common/text.h"
#include "manager/store/database.h"
#include "manager/store/inspect.h"
#include "manager/store/order_records.h"
#include "manager/store/schema.h"

namespace piman::manager {
namespace {

constexpr std::size_t kMostRows = 200'000;
constexpr std::size_t kMostOrdersTold = 100;
constexpr std::string_view kInfix = ".corrupt-";

tl::unexpected<Error> fail_errno(const std::string& what, const std::string& path) {
  return fail(concat(what, ' ', path, ": ", std::generic_category().message(errno)));
}

bool exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

/// What is copied from a table: its columns, and of what type each is: number, text or bytes.
struct Rows {
  const char* read_up;
  const char* read_down;
  const char* put;
  std::string_view types;
};
constexpr Rows kLeases = {
    "SELECT address, mac, client_id, state, expires, since, hostname FROM leases ORDER BY address",
    "SELECT address, mac, client_id, state, expires, since, hostname FROM leases ORDER BY address DESC",
    "INSERT OR IGNORE INTO leases (address, mac, client_id, state, expires, since, hostname) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)",
    "nbbnnnt"};
// Of cards only that they are not to be trusted. Whether their nodes were accepted is not believed either: a first
// install would follow from it.
constexpr Rows kBrokenCards = {
    "SELECT mac, 2, was_ever_installed, 0, installed_ms, image, version, sha256 FROM cards WHERE state = 2 ORDER BY "
    "mac",
    "SELECT mac, 2, was_ever_installed, 0, installed_ms, image, version, sha256 FROM cards WHERE state = 2 "
    "ORDER BY mac DESC",
    "INSERT OR IGNORE INTO cards (mac, state, was_ever_installed, accepted_ms, installed_ms, image, version, sha256) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    "bnnnnttt"};

void put_row(const Statement& from, Statement& to, std::string_view types) {
  // Texts must live until the statement has run.
  std::vector<std::string> texts(types.size());
  for (std::size_t i = 0; i < types.size(); ++i) {
    const int column = static_cast<int>(i);
    if (types[i] == 't') {
      to.bind(column + 1, std::string_view(texts[i] = from.text(column)));
    } else if (types[i] == 'b') {
      to.bind(column + 1, from.blob(column));
    } else {
      to.bind(column + 1,
              from.is_null(column) ? std::optional<std::int64_t>() : std::optional<std::int64_t>(from.number(column)));
    }
  }
  static_cast<void>(to.run());  // the new table refuses what can't be, and that is not taken over
}

/// From both ends up to where it can't be read. Returns how many rows there are then.
std::size_t take_over(Database& old, Database& fresh, const Rows& rows, const char* count) {
  for (const char* const sql : {rows.read_up, rows.read_down}) {
    auto from = old.prepare(sql);
    auto to = fresh.prepare(rows.put);
    if (!from || !to) continue;
    for (std::size_t i = 0; i < kMostRows; ++i) {
      const auto row = from->step();
      if (!row || !*row) break;
      put_row(*from, *to, rows.types);
    }
  }
  const auto counted = fresh.number(count);
  return counted ? static_cast<std::size_t>(*counted) : 0;
}

std::vector<std::string> open_orders(Database& old) {
  std::vector<std::string> found;
  auto rows = old.prepare("SELECT action, node FROM orders WHERE state < 4 ORDER BY id DESC");
  while (rows && found.size() < kMostOrdersTold) {
    const auto row = rows->step();
    if (!row || !*row) break;
    const std::int64_t action = rows->number(0);
    if (action < 0 || action >= static_cast<std::int64_t>(kOrderActionCount)) continue;
    found.push_back(
        concat(to_string(static_cast<OrderAction>(action)), " of ", to_valid_utf8(rows->text(1)).substr(0, 80)));
  }
  std::reverse(found.begin(), found.end());
  return found;
}

/// The files that are set aside, oldest first: their names hold the time.
std::vector<std::string> all_set_aside(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash);
  const std::string begin = concat(slash == std::string::npos ? path : path.substr(slash + 1), kInfix);
  const std::unique_ptr<::DIR, int (*)(::DIR*)> names(::opendir(folder.c_str()), &::closedir);
  std::vector<std::string> found;
  while (const ::dirent* entry = names ? ::readdir(names.get()) : nullptr) {
    const std::string_view name = entry->d_name;
    if (name.starts_with(begin) && !name.ends_with("-wal") && !name.ends_with("-shm")) {
      found.push_back(concat(folder, '/', name));
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string name_for(const std::string& path, WallTime now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[32] = "";
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc);
  std::string name = concat(path, kInfix, text);
  for (int i = 2; exists(name); ++i) name = concat(path, kInfix, text, '.', i);
  return name;
}

Result<void> move_beside(const std::string& path, const std::string& aside, const char* suffix) {
  if (std::rename((path + suffix).c_str(), (aside + suffix).c_str()) == 0 || errno == ENOENT) return {};
  return fail_errno("setting aside", path + suffix);
}

}  // namespace

Result<Recovery> replace_damaged(const std::string& path, std::string damage, WallTime now) {
  Recovery recovery;
  recovery.damage = std::move(damage);
  if (count_set_aside(path) >= kMostSetAside) {
    return fail(concat(path, ": is damaged (", recovery.damage, "), and ", kMostSetAside,
                       " damaged ones are set aside already: this disk does not keep what is written to it. Move ",
                       path, kInfix, "* away, to a sound disk"));
  }
  const auto prepared = prepare_database(path, [&](Database& fresh) -> Result<void> {
    auto old = Database::open(path, Database::Mode::kExisting);
    if (!old) return {};
    old->leave_as_it_is();
    if (auto begun = fresh.begin(); !begun) return begun;
    recovery.leases = take_over(*old, fresh, kLeases, "SELECT count(*) FROM leases");
    recovery.broken_cards = take_over(*old, fresh, kBrokenCards, "SELECT count(*) FROM cards");
    recovery.forgotten_orders = open_orders(*old);
    return fresh.commit();
  });
  if (!prepared) return tl::unexpected<Error>(prepared.error());
  // The database first: without its journal it would be an older one, which may well look whole.
  recovery.set_aside = name_for(path, now);
  for (const char* const suffix : {"", "-wal", "-shm"}) {
    if (auto moved = move_beside(path, recovery.set_aside, suffix); !moved) return tl::unexpected<Error>(moved.error());
  }
  if (std::rename(prepared->c_str(), path.c_str()) != 0) return fail_errno("making the database", path);
  if (auto synced = sync_folder_of(path); !synced) return tl::unexpected<Error>(synced.error());
  return recovery;
}

Result<void> finish_recovery(const std::string& path) {
  const std::vector<std::string> aside = all_set_aside(path);
  const std::string prepared = unfinished_name(path);
  if (aside.empty() || !exists(prepared)) return {};
  // Whole, or there would be one at `path`: what is set aside makes room for it only then.
  if (auto whole = open_database(prepared); !whole) return {};
  for (const char* const suffix : {"-wal", "-shm"}) {
    if (exists(aside.back() + suffix)) continue;
    if (auto moved = move_beside(path, aside.back(), suffix); !moved) return moved;
  }
  if (std::rename(prepared.c_str(), path.c_str()) != 0) return fail_errno("making the database", path);
  return sync_folder_of(path);
}

std::size_t count_set_aside(const std::string& path) { return all_set_aside(path).size(); }

}  // namespace piman::manager
