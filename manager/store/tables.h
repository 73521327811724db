// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/result.h"
#include "manager/store/database.h"
#include "manager/store/journal.h"
#include "manager/store/records.h"
#include "netboot/dhcp/lease.h"

/// Rows of the tables from and to values, by statements that are prepared once.
/// Errors: SQLite's. Thread-safety: none.
namespace piman::manager {

class Tables {
 public:
  /// `database` must outlive it.
  static Result<Tables> prepare(Database& database);

  Result<void> apply(const netboot::dhcp::LeaseChange& change);
  Result<std::vector<netboot::dhcp::Lease>> leases();
  Result<LeaseCounts> count_leases(WallTime now);

  Result<void> put(const PendingHost& host);
  Result<void> erase_pending(const MacAddress& mac);
  Result<std::vector<PendingHost>> pending_hosts();

  /// Puts or replaces a boot, and forgets all but the last `most` of that host.
  Result<void> put(const BootRecord& boot, std::size_t most);
  /// Oldest first, whatever the host.
  Result<std::vector<BootRecord>> boots();

  Result<void> append(const JournalEvent& event);
  /// As JournalArchive::read().
  Result<std::vector<JournalEvent>> journal(const JournalQuery& query, std::uint64_t before);
  /// Forgets the oldest boots beyond this number.
  Result<void> trim_boots(std::size_t most);
  /// Forgets the oldest entries beyond this number and those of before `oldest_ms`, but never the newest one: ids go on
  /// from it.
  Result<void> trim_journal(std::size_t most, std::int64_t oldest_ms);
  /// A transaction was rolled back: what was counted in it does not hold.
  void roll_back() { journal_rows_.reset(); }

 private:
  explicit Tables(Database& database) : database_(&database) {}

  Database* database_;
  Statement put_lease_, erase_lease_, put_pending_, erase_pending_, put_boot_, trim_boots_, append_, trim_count_,
      trim_age_;
  std::optional<std::int64_t> journal_rows_;
};

}  // namespace piman::manager
