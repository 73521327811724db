// SPDX-License-Identifier: Apache-2.0
#include "manager/store/schema.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <system_error>

#include "common/text.h"
#include "common/unique_fd.h"

namespace piman::manager {
namespace {

// Addresses are numbers in host order, hardware addresses six bytes (hex(mac) shows one), times Unix seconds or, where
// the name says so, milliseconds.
constexpr std::array<const char*, 4> kSteps = {{R"sql(
CREATE TABLE leases (
  address INTEGER PRIMARY KEY CHECK (address BETWEEN 0 AND 4294967295),
  mac BLOB NOT NULL CHECK (length(mac) = 6),
  client_id BLOB NOT NULL CHECK (length(client_id) <= 255),
  state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 3),
  expires INTEGER,
  since INTEGER NOT NULL,
  hostname TEXT NOT NULL
) STRICT;
CREATE TABLE pending_hosts (
  mac BLOB PRIMARY KEY CHECK (length(mac) = 6),
  model TEXT NOT NULL,
  serial INTEGER,
  revision INTEGER,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  interface TEXT NOT NULL,
  address INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE boots (
  id INTEGER PRIMARY KEY,
  mac BLOB NOT NULL CHECK (length(mac) = 6),
  started_ms INTEGER NOT NULL,
  data BLOB NOT NULL,
  UNIQUE (mac, started_ms)
) STRICT;
CREATE TABLE journal (
  id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  text TEXT NOT NULL
) STRICT;
)sql",
                                                R"sql(
CREATE TABLE rollouts (
  id INTEGER PRIMARY KEY,
  action INTEGER NOT NULL CHECK (action BETWEEN 0 AND 5),
  state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),
  canary INTEGER NOT NULL,
  max_parallel INTEGER NOT NULL,
  stop_after_failures INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  ended_ms INTEGER NOT NULL,
  who TEXT NOT NULL,
  why TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE TABLE orders (
  id INTEGER PRIMARY KEY,
  rollout INTEGER NOT NULL,
  mac BLOB NOT NULL CHECK (length(mac) = 6),
  node TEXT NOT NULL,
  action INTEGER NOT NULL CHECK (action BETWEEN 0 AND 5),
  state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 7),
  power INTEGER NOT NULL CHECK (power BETWEEN 0 AND 3),
  forced INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  since_ms INTEGER NOT NULL,
  image TEXT NOT NULL,
  version TEXT NOT NULL,
  format TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  path TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  who TEXT NOT NULL,
  why TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX orders_of_rollout ON orders (rollout);
CREATE TABLE installs (
  id INTEGER PRIMARY KEY,
  order_id INTEGER NOT NULL,
  mac BLOB NOT NULL CHECK (length(mac) = 6),
  node TEXT NOT NULL,
  cause TEXT NOT NULL,
  image TEXT NOT NULL,
  version TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  started_ms INTEGER NOT NULL,
  ended_ms INTEGER NOT NULL,
  result TEXT NOT NULL,
  stage TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;
CREATE TABLE cards (
  mac BLOB PRIMARY KEY CHECK (length(mac) = 6),
  state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2),
  was_ever_installed INTEGER NOT NULL,
  accepted_ms INTEGER NOT NULL,
  installed_ms INTEGER NOT NULL,
  image TEXT NOT NULL,
  version TEXT NOT NULL,
  sha256 TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)sql",
                                                R"sql(
CREATE TABLE alerts (
  node TEXT NOT NULL,
  condition TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  fired_ms INTEGER NOT NULL,
  ended_ms INTEGER NOT NULL,
  value REAL NOT NULL,
  threshold REAL NOT NULL,
  detail TEXT NOT NULL,
  told INTEGER NOT NULL,
  PRIMARY KEY (node, condition)
) STRICT, WITHOUT ROWID;
CREATE TABLE notices (
  id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 2),
  owed INTEGER NOT NULL CHECK (owed BETWEEN 0 AND 4294967295),
  at_ms INTEGER NOT NULL,
  node TEXT NOT NULL,
  condition TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  fired_ms INTEGER NOT NULL,
  ended_ms INTEGER NOT NULL,
  value REAL NOT NULL,
  threshold REAL NOT NULL,
  detail TEXT NOT NULL,
  told INTEGER NOT NULL
) STRICT;
CREATE TABLE silences (
  id INTEGER PRIMARY KEY,
  nodes TEXT NOT NULL,
  conditions TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  who TEXT NOT NULL,
  why TEXT NOT NULL
) STRICT;
CREATE TABLE node_boots (
  node TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (node, at_ms)
) STRICT, WITHOUT ROWID;
)sql",
                                                R"sql(
ALTER TABLE journal ADD COLUMN data TEXT NOT NULL DEFAULT '';
)sql"}};

tl::unexpected<Error> fail_errno(const std::string& what, const std::string& path) {
  return fail(concat(what, ' ', path, ": ", std::generic_category().message(errno)));
}

}  // namespace

std::span<const char* const> schema_steps() { return kSteps; }

std::int64_t last_id_after_loss(std::int64_t last_known, WallTime now) {
  const auto clock = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
  return std::max(last_known + kMostUnstoredEvents, std::int64_t{clock});
}

std::string unfinished_name(const std::string& path) { return path + ".new"; }

Result<void> sync_folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return fail_errno("making durable", folder);
  return {};
}

Result<void> take_steps(Database& database, std::span<const char* const> steps) {
  const auto version = database.number("PRAGMA user_version");
  if (!version) return tl::unexpected<Error>(version.error());
  const auto known = static_cast<std::int64_t>(steps.size());
  if (*version < 0 || *version > known) {
    return fail(concat("was made by a newer piman: its schema is ", *version, ", this program knows ", known));
  }
  if (*version == known) return {};
  if (auto begun = database.begin(); !begun) return begun;
  for (const char* const step : steps.subspan(static_cast<std::size_t>(*version))) {
    if (auto done = database.run(step); !done) {
      database.roll_back();
      return done;
    }
  }
  Result<void> done = database.run(concat("PRAGMA user_version=", known).c_str());
  if (done) done = database.commit();
  if (!done) database.roll_back();
  return done;
}

Result<std::string> prepare_database(const std::string& path, const std::function<Result<void>(Database&)>& fill) {
  const std::string unfinished = unfinished_name(path);
  for (const char* const suffix : {"", "-wal", "-shm", "-journal"}) ::unlink((unfinished + suffix).c_str());
  {
    auto database = Database::open(unfinished, Database::Mode::kCreate);
    if (!database) return fail_with("making the database", database.error());
    Result<void> made = database->run("PRAGMA synchronous=FULL");
    if (made) made = database->run(concat("PRAGMA application_id=", kApplicationId).c_str());
    if (made) made = take_steps(*database, kSteps);
    if (made && fill) made = fill(*database);
    if (made) made = database->run("PRAGMA journal_mode=WAL");
    if (!made) {
      ::unlink(unfinished.c_str());
      return fail_with("making the database", made.error());
    }
  }  // closing it puts everything into the one file
  ::chmod(unfinished.c_str(), 0640);
  return unfinished;
}

Result<void> make_database(const std::string& path, const std::function<Result<void>(Database&)>& fill) {
  const auto unfinished = prepare_database(path, fill);
  if (!unfinished) return tl::unexpected<Error>(unfinished.error());
  if (std::rename(unfinished->c_str(), path.c_str()) != 0) return fail_errno("making the database", path);
  return sync_folder_of(path);
}

}  // namespace piman::manager
