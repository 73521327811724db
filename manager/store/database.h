// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "common/result.h"

struct sqlite3;
struct sqlite3_stmt;

/// SQLite behind Results, and the only user of its library. Knows no table: store.cc does.
/// Errors: SQLite's words with the name of the file; Database::failure() says the kind.
/// Thread-safety: none. A Database and its Statements belong to one thread at a time.
namespace piman::manager {

/// Why the database could not do something. The text is the metric label and the log word.
enum class StoreFailure : std::uint8_t { kNone, kFull, kIo, kReadOnly, kCorrupt, kBusy, kOther };
inline constexpr std::size_t kStoreFailureCount = 7;
std::string_view to_string(StoreFailure failure);

/// One prepared statement. Its Database must outlive it.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  /// Parameters count from 1. Texts and blobs must live until the next run(), or until reset() after step().
  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, double value);
  Statement& bind(int index, const std::optional<std::int64_t>& value);  ///< NULL when empty
  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, std::span<const std::uint8_t> blob);

  /// Whether there is another row. Read its columns before the next step().
  Result<bool> step();
  /// Executes a statement without rows and makes it ready for the next use.
  Result<void> run();
  void reset();

  /// Columns count from 0.
  bool is_null(int column) const;
  std::int64_t number(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  std::span<const std::uint8_t> blob(int column) const;  ///< valid until the next step() or reset()

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  enum class Mode { kExisting, kCreate };

  /// kExisting: the file must be there and be writable. kCreate: it is made when it is not there.
  static Result<Database> open(const std::string& path, Mode mode);

  /// One or more statements without results that matter.
  Result<void> run(const char* sql);
  /// The first column of the first row.
  Result<std::int64_t> number(const char* sql);
  Result<std::string> text(const char* sql);
  Result<Statement> prepare(std::string_view sql);
  /// Each into its place.
  Result<void> prepare_all(std::initializer_list<std::pair<Statement*, std::string_view>> statements);

  Result<void> begin() { return run("BEGIN IMMEDIATE"); }
  Result<void> commit() { return run("COMMIT"); }
  /// Does nothing outside a transaction: some failures end it by themselves.
  void roll_back();

  /// Reads all of the file: "ok", or the first thing that is wrong with it. Nothing when that takes longer than `most`.
  Result<std::optional<std::string>> check(std::chrono::milliseconds most);
  /// A copy of what is in the file at one moment, at `path`, where nothing may be yet. Whoever writes meanwhile is not
  /// held up.
  Result<void> copy_to(const std::string& path);
  /// Closing it changes nothing in the file, as it otherwise may.
  void leave_as_it_is();

  /// The kind of the last failure.
  StoreFailure failure() const;
  /// Whether the last failure comes from what stands in the file, and not from the disk, other programs or memory.
  bool is_failure_of_file() const;
  /// Whether the file itself says that it can't be written. Known once something was read.
  bool is_read_only() const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  explicit Database(sqlite3* database) : database_(database) {}

  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace piman::manager
