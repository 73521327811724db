// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/log.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "manager/store/database.h"
#include "manager/store/journal.h"
#include "manager/store/order_records.h"
#include "manager/store/records.h"
#include "manager/store/watch_records.h"
#include "netboot/dhcp/lease_store.h"

/// What the manager must not forget: one SQLite file in a folder of its own.
namespace piman::manager {

struct StoreSettings {
  std::string folder;                             ///< made when it is not there; holds piman.db and its lock
  std::chrono::milliseconds journal_delay{5000};  ///< how long what may be late is gathered, to spare an SD card
  bool survives_power_loss = true;                ///< off: an ACK still survives the death of the process
  std::size_t boots_per_host = 8;
  std::size_t most_boots = 20'000;
  JournalSettings journal = {};
  std::size_t most_orders = 20'000;  ///< that are over
  std::size_t most_installs = 20'000;
};

/// Whether a store can be made or used in this folder: it is made, and its lock opened for writing. Errors: what stands
/// in the way.
Result<void> check_store_folder(const std::string& folder);

/// The folder of a store, locked as a running manager locks it, for as long as the descriptor is open. Errors: one
/// runs.
Result<UniqueFd> lock_store(const std::string& folder);

/// Since the start.
struct StoreStats {
  std::uint64_t commits = 0;        ///< transactions with leases in them
  std::uint64_t lease_changes = 0;  ///< stored by them
  double commit_seconds = 0;        ///< spent in them, all together
  std::uint64_t dropped = 0;        ///< journal lines, boots and pending hosts that found the queue full
  std::array<std::uint64_t, kStoreFailureCount> failures{};  ///< of transactions, by StoreFailure
  std::string error;                                         ///< why the last transaction failed; empty when it did not
  LeaseCounts leases;                                        ///< at most some seconds old, see stats()
  std::uint64_t set_aside = 0;                               ///< damaged files beside the database; as old
};

/// Leases are on the disk before commit() calls back; whatever waits goes into one transaction. Boots, pending hosts
/// and the journal may be late: they are gathered and lost only with the power or by SIGKILL, and when the disk is full
/// they are kept up to a limit and then counted as dropped. Errors: of open(), in words that say what to do. Later ones
/// go to the callers, to stats() and, seldom, to the log. Thread-safety: every method may be called from any thread.
/// One thread of its own does all the work on the file, so that only load*(), put_watch() and the journal, for what is
/// old, wait for the disk.
class Store final : public netboot::dhcp::LeaseStore {
 public:
  /// Locks the folder: two managers on one file would each hold a part of the truth. A database that is damaged is set
  /// aside and told of in the log and the journal (recovery.h). `log` must outlive the store.
  static Result<std::unique_ptr<Store>> open(const StoreSettings& settings, Logger& log);
  /// Stores what is queued.
  ~Store() override;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  Result<std::vector<netboot::dhcp::Lease>> load() override;
  void commit(std::vector<netboot::dhcp::LeaseChange> changes, Done done) override;

  Result<std::vector<PendingHost>> load_pending();
  Result<std::vector<BootRecord>> load_boots();

  /// All orders, and the newest installs. Waits.
  Result<OrderChanges> load_orders();
  /// All rows or none, in the order of the calls; `done` when they are on the disk or can't be. `done` is called on the
  /// store's thread and must be quick.
  void put_orders(OrderChanges changes, Done done);

  /// Alerts, silences and messages on their way. Waits.
  Result<WatchChanges> load_watch();
  /// All rows or none; returns when they are on the disk, or why they can't be. Waits.
  Result<void> put_watch(const WatchChanges& changes);

  /// These return at once.
  void put_pending(PendingHost host);
  void erase_pending(const MacAddress& mac);
  void put_boot(BootRecord boot);
  void append(JournalEntry entry) { journal_.append(std::move(entry)); }
  Journal& journal() { return journal_; }

  /// Counts leases anew in the background when the counts are older than a few seconds.
  StoreStats stats();

 private:
  class Worker;
  class Archive;
  Store(std::unique_ptr<Worker> worker, const JournalSettings& settings, std::uint64_t last_id);
  const std::unique_ptr<Worker> worker_;
  const std::unique_ptr<Archive> archive_;
  Journal journal_;
};

}  // namespace piman::manager
