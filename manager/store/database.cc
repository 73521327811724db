// SPDX-License-Identifier: Apache-2.0
#include "manager/store/database.h"

#include <sqlite3.h>

#include <array>
#include <utility>

#include "common/clock.h"
#include "common/text.h"

namespace piman::manager {
namespace {

/// How long another process (a backup, a person's shell) may hold the file before a write counts as failed.
constexpr int kBusyMilliseconds = 2000;
/// Of SQLite's machine, between two looks at the clock: some milliseconds.
constexpr int kStepsBetweenLooks = 10'000;

tl::unexpected<Error> fail_sqlite(sqlite3* database) {
  const char* file = sqlite3_db_filename(database, "main");
  return fail(concat(file == nullptr || *file == '\0' ? "database" : file, ": ", sqlite3_errmsg(database)));
}

tl::unexpected<Error> fail_sqlite(sqlite3_stmt* statement) { return fail_sqlite(sqlite3_db_handle(statement)); }

}  // namespace

std::string_view to_string(StoreFailure failure) {
  constexpr std::array<std::string_view, kStoreFailureCount> kNames = {"none",    "full", "io",   "read_only",
                                                                       "corrupt", "busy", "other"};
  return kNames[static_cast<std::size_t>(failure)];
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

// A bind can fail only by a wrong index or for want of memory; the step that follows then fails and says so.
Statement& Statement::bind(int index, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), index, value);
  return *this;
}
Statement& Statement::bind(int index, double value) {
  sqlite3_bind_double(statement_.get(), index, value);
  return *this;
}
Statement& Statement::bind(int index, const std::optional<std::int64_t>& value) {
  if (value) return bind(index, *value);
  sqlite3_bind_null(statement_.get(), index);
  return *this;
}
Statement& Statement::bind(int index, std::string_view text) {
  // A null pointer would bind NULL, and an empty view may be one.
  sqlite3_bind_text64(statement_.get(), index, text.empty() ? "" : text.data(), text.size(), SQLITE_STATIC,
                      SQLITE_UTF8);
  return *this;
}
Statement& Statement::bind(int index, std::span<const std::uint8_t> blob) {
  if (blob.empty()) {
    sqlite3_bind_zeroblob(statement_.get(), index, 0);
  } else {
    sqlite3_bind_blob64(statement_.get(), index, blob.data(), blob.size(), SQLITE_STATIC);
  }
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  auto failed = fail_sqlite(statement_.get());
  sqlite3_reset(statement_.get());
  return failed;
}

Result<void> Statement::run() {
  const auto stepped = step();
  if (!stepped) return tl::unexpected<Error>(stepped.error());
  sqlite3_reset(statement_.get());
  return {};
}

void Statement::reset() { sqlite3_reset(statement_.get()); }

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }
std::int64_t Statement::number(int column) const { return sqlite3_column_int64(statement_.get(), column); }
double Statement::real(int column) const { return sqlite3_column_double(statement_.get(), column); }
std::string Statement::text(int column) const {
  const unsigned char* text = sqlite3_column_text(statement_.get(), column);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}
std::span<const std::uint8_t> Statement::blob(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (data == nullptr || size <= 0) return {};
  return {static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)};
}

void Database::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

Result<Database> Database::open(const std::string& path, Mode mode) {
  sqlite3* opened = nullptr;
  const int create = mode == Mode::kCreate ? SQLITE_OPEN_CREATE : 0;
  const int code = sqlite3_open_v2(
      path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | create, nullptr);
  Database database(opened);  // SQLite gives a handle even when it fails: it holds the words
  if (opened == nullptr) return fail(concat(path, ": no memory for a database"));
  if (code != SQLITE_OK) return fail(concat(path, ": ", sqlite3_errmsg(opened)));
  // What may not be written is opened for reading instead, without a word.
  if (sqlite3_db_readonly(opened, "main") == 1) return fail(concat(path, ": may not be written by this user"));
  sqlite3_busy_timeout(opened, kBusyMilliseconds);
  // A file made by somebody else must not call functions when its tables are read.
  sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return database;
}

Result<void> Database::run(const char* sql) {
  if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return fail_sqlite(database_.get());
}

Result<std::int64_t> Database::number(const char* sql) {
  auto statement = prepare(sql);
  if (!statement) return tl::unexpected<Error>(statement.error());
  const auto row = statement->step();
  if (!row) return tl::unexpected<Error>(row.error());
  return *row ? statement->number(0) : 0;
}

Result<std::string> Database::text(const char* sql) {
  auto statement = prepare(sql);
  if (!statement) return tl::unexpected<Error>(statement.error());
  const auto row = statement->step();
  if (!row) return tl::unexpected<Error>(row.error());
  return *row ? statement->text(0) : std::string();
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return fail_sqlite(database_.get());
  return Statement(statement);
}

Result<void> Database::prepare_all(std::initializer_list<std::pair<Statement*, std::string_view>> statements) {
  for (const auto& [statement, sql] : statements) {
    auto prepared = prepare(sql);
    if (!prepared) return tl::unexpected<Error>(prepared.error());
    *statement = std::move(*prepared);
  }
  return {};
}

Result<std::optional<std::string>> Database::check(std::chrono::milliseconds most) {
  const SteadyTime until = std::chrono::steady_clock::now() + most;
  const auto is_late = [](void* deadline) {
    return std::chrono::steady_clock::now() > *static_cast<const SteadyTime*>(deadline) ? 1 : 0;
  };
  SteadyTime deadline = until;
  sqlite3_progress_handler(database_.get(), kStepsBetweenLooks, is_late, &deadline);
  auto verdict = text("PRAGMA integrity_check(1)");
  const bool gave_up = !verdict && (sqlite3_errcode(database_.get()) & 0xFF) == SQLITE_INTERRUPT;
  sqlite3_progress_handler(database_.get(), 0, nullptr, nullptr);
  if (gave_up) return std::optional<std::string>();
  if (!verdict) return tl::unexpected<Error>(verdict.error());
  return std::optional<std::string>(std::move(*verdict));
}

Result<void> Database::copy_to(const std::string& path) {
  auto statement = prepare("VACUUM INTO ?");
  if (!statement) return tl::unexpected<Error>(statement.error());
  return statement->bind(1, std::string_view(path)).run();
}

void Database::leave_as_it_is() { sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr); }

void Database::roll_back() {
  if (sqlite3_get_autocommit(database_.get()) == 0) {
    sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

StoreFailure Database::failure() const {
  switch (sqlite3_errcode(database_.get()) & 0xFF) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
      return StoreFailure::kNone;
    case SQLITE_FULL:
      return StoreFailure::kFull;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return StoreFailure::kIo;
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return StoreFailure::kReadOnly;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return StoreFailure::kCorrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return StoreFailure::kBusy;
    default:
      return StoreFailure::kOther;
  }
}

bool Database::is_failure_of_file() const {
  switch (sqlite3_errcode(database_.get()) & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_ERROR:  // "unsupported file format", "malformed database schema"
      return true;
    default:
      return false;
  }
}

bool Database::is_read_only() const { return sqlite3_db_readonly(database_.get(), "main") == 1; }

}  // namespace piman::manager
