// SPDX-License-Identifier: Apache-2.0
#include "manager/store/inspect.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <set>
#include <string_view>
#include <utility>

#include "common/text.h"
#include "common/unique_fd.h"
#include "manager/fleet/text_file.h"
#include "manager/store/schema.h"
#include "manager/store/wal_check.h"

namespace piman::manager {
namespace {

/// A store at its limits takes a second on a Pi. A slow card must not keep a fleet from booting.
constexpr std::chrono::seconds kMostCheck{30};
/// It is begun anew at four megabytes, and grows beyond only while somebody reads for long.
constexpr std::size_t kMostWalBytes = 256UL << 20U;
/// A schema that is newer by more than this was made by no piman: the number is damaged.
constexpr std::int64_t kMostNewerSteps = 1000;

/// SQLite takes what is no text encoding for UTF-8 when it reads the tables first, and refuses it when it must read
/// them again: a server would not start, or stop giving leases at any later moment.
/// REQUIRES: this process has it not open. Closing a descriptor of it takes SQLite's locks away.
bool names_no_encoding(const std::string& path) {
  constexpr std::size_t kAt = 56;
  std::array<char, kAt + 4> header{};
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid() || ::pread(fd.get(), header.data(), header.size(), 0) != static_cast<ssize_t>(header.size()))
    return false;
  const std::string_view bytes(header.data(), header.size());
  return bytes.starts_with("SQLite format 3") &&
         (bytes.substr(kAt, 3) != std::string_view("\0\0\0", 3) || static_cast<unsigned char>(bytes[kAt + 3]) > 3);
}

/// Either how an inspection ends here, or nothing and it goes on.
using Verdict = Result<std::optional<std::string>>;

Verdict damage(std::string words) { return std::optional<std::string>(std::move(words)); }
Verdict goes_on() { return std::optional<std::string>(); }
Verdict no_damage(const Error& error) { return tl::unexpected<Error>(error); }
/// What a failed look at the file says.
Verdict judge(const Database& database, const Error& error) {
  return database.is_failure_of_file() ? damage(error.message) : no_damage(error);
}

/// What CREATE statements there are.
Result<std::set<std::string>> tables_of(Database& database) {
  auto rows = database.prepare("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema");
  if (!rows) return tl::unexpected<Error>(rows.error());
  std::set<std::string> found;
  for (;;) {
    const auto row = rows->step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) return found;
    found.insert(concat(rows->text(0), ' ', rows->text(1), ' ', rows->text(2), ' ', rows->text(3)));
  }
}

Verdict check_origin(Database& database, const std::string& path) {
  const auto application = database.number("PRAGMA application_id");
  if (!application) return judge(database, application.error());
  if (*application == kApplicationId) return goes_on();
  const auto ours = database.number("SELECT count(*) FROM sqlite_schema WHERE name IN ('leases', 'journal', 'boots')");
  if (!ours) return judge(database, ours.error());
  if (*ours == 3) return damage("its header is not that of a database of piman, and its tables are");
  return fail(concat(path, ": is a database of another program, not of piman"));
}

Verdict check_content(Database& database, bool& was_read_wholly) {
  const auto verdict = database.check(kMostCheck);
  if (!verdict) return judge(database, verdict.error());
  was_read_wholly = verdict->has_value();
  if (was_read_wholly && **verdict != "ok") return damage(**verdict);
  if (database.is_read_only()) return damage("its header says that nothing may write it");
  return goes_on();
}

/// Whether the tables are those that its version has, to the letter. More than those is somebody's own affair.
Verdict check_tables(Database& database, const std::string& path) {
  const auto version = database.number("PRAGMA user_version");
  if (!version) return judge(database, version.error());
  const auto steps = schema_steps();
  const auto known = static_cast<std::int64_t>(steps.size());
  if (*version < 1 || *version > known + kMostNewerSteps)
    return damage(concat("it says that its schema is ", *version));
  if (*version > known) {
    return fail(concat(path, ": was made by a newer piman: its schema is ", *version, ", this program knows ", known));
  }
  auto pattern = Database::open(":memory:", Database::Mode::kCreate);
  if (!pattern) return no_damage(pattern.error());
  if (auto taken = take_steps(*pattern, steps.first(static_cast<std::size_t>(*version))); !taken)
    return no_damage(taken.error());
  const auto wanted = tables_of(*pattern);
  if (!wanted) return no_damage(wanted.error());
  const auto found = tables_of(database);
  if (!found) return judge(database, found.error());
  for (const std::string& table : *wanted) {
    if (!found->contains(table)) {
      return damage(concat("it lacks, or has otherwise, what its schema ", *version, " begins with ",
                           quote(table.substr(0, 40))));
    }
  }
  return goes_on();
}

Verdict check_all(Database& database, const std::string& path, bool& was_read_wholly) {
  Verdict verdict = check_origin(database, path);
  if (verdict && !*verdict) verdict = check_content(database, was_read_wholly);
  if (verdict && !*verdict) verdict = check_tables(database, path);
  return verdict;
}

}  // namespace

Result<Inspection> inspect_database(const std::string& path) {
  struct stat status {};
  // What a file system leaves of a file after some crashes; SQLite would take it for a new database.
  if (::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 0) {
    return Inspection{std::nullopt, "it is empty"};
  }
  if (names_no_encoding(path)) return Inspection{std::nullopt, "its header names no text encoding"};
  Inspection inspection;
  const auto wal = read_text_file(path + "-wal", kMostWalBytes);  // before SQLite writes over it
  inspection.lost_changes = wal && *wal && has_lost_transactions(**wal);
  auto database = Database::open(path, Database::Mode::kExisting);
  if (!database) return fail_with("opening the database", database.error());
  const Verdict verdict = check_all(*database, path, inspection.was_read_wholly);
  if (!verdict || *verdict) database->leave_as_it_is();
  if (!verdict) return tl::unexpected<Error>(verdict.error());
  if (*verdict) {
    inspection.damage = **verdict;
    return inspection;
  }
  Result<void> ready = take_steps(*database, schema_steps());
  // A copy, such as one from a backup, has forgotten it.
  if (ready) ready = database->run("PRAGMA journal_mode=WAL");
  if (!ready) return tl::unexpected<Error>(ready.error());
  inspection.database = std::move(*database);
  return inspection;
}

Result<Database> open_database(const std::string& path) {
  auto inspection = inspect_database(path);
  if (!inspection) return tl::unexpected<Error>(inspection.error());
  if (!inspection->database) return fail(concat(path, ": is damaged: ", inspection->damage));
  return std::move(*inspection->database);
}

}  // namespace piman::manager
