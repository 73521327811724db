// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/log.h"
#include "common/mutex.h"
#include "common/unique_fd.h"
#include "manager/store/database.h"
#include "manager/store/order_tables.h"
#include "manager/store/store.h"
#include "manager/store/tables.h"
#include "manager/store/watch_tables.h"

/// The store's thread and its queue. Only store.cc and worker.cc include this.
namespace piman::manager {

/// What may be stored late, one value a key: what is replaced before it was stored costs nothing.
struct LateWrites {
  std::map<std::pair<MacAddress, std::int64_t>, BootRecord> boots;
  std::map<MacAddress, std::optional<PendingHost>> pending;  ///< nothing: to be erased
  std::vector<JournalEvent> journal;

  bool empty() const { return boots.empty() && pending.empty() && journal.empty(); }
};

class Store::Worker {
 public:
  /// A piece of work for the thread that somebody waits for.
  using Task = std::function<void(Tables& tables)>;
  struct Batch {
    std::vector<netboot::dhcp::LeaseChange> changes;
    netboot::dhcp::LeaseStore::Done done;
  };

  struct OrderBatch {
    OrderChanges changes;
    netboot::dhcp::LeaseStore::Done done;
  };

  /// REQUIRES: start() next.
  Worker(StoreSettings settings, Logger& log, UniqueFd lock, Database database);
  Result<void> start();
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void add(Batch batch) PIMAN_EXCLUDES(mutex_);
  void add(OrderBatch batch) PIMAN_EXCLUDES(mutex_);
  Result<OrderChanges> load_orders() PIMAN_EXCLUDES(mutex_);
  Result<WatchChanges> load_watch() PIMAN_EXCLUDES(mutex_);
  Result<void> put_watch(const WatchChanges& changes) PIMAN_EXCLUDES(mutex_);
  void add(BootRecord boot) PIMAN_EXCLUDES(mutex_);
  void add(PendingHost host) PIMAN_EXCLUDES(mutex_);
  void erase_pending(const MacAddress& mac) PIMAN_EXCLUDES(mutex_);
  void add(JournalEvent event) PIMAN_EXCLUDES(mutex_);
  StoreStats stats() PIMAN_EXCLUDES(mutex_);

  /// Runs `read` on the thread and waits for what it returns.
  template <class Value>
  Result<Value> ask(std::function<Result<Value>(Tables&)> read) PIMAN_EXCLUDES(mutex_) {
    std::promise<Result<Value>> promise;
    auto answer = promise.get_future();
    add_task([&promise, &read](Tables& tables) { promise.set_value(read(tables)); });
    return answer.get();
  }

 private:
  /// What the thread took out of the queue at once.
  struct Work {
    std::vector<Batch> batches;
    std::vector<OrderBatch> orders;
    std::vector<Task> tasks;
    LateWrites late;
    bool count = false, late_is_due = false, stopping = false;
  };

  void add_task(Task task) PIMAN_EXCLUDES(mutex_);
  /// The first of the late writes sets when all of them are due.
  void note_late_write() PIMAN_REQUIRES(mutex_);
  void run(const std::stop_token& stop);
  Work wait_for_work(const std::stop_token& stop) PIMAN_EXCLUDES(mutex_);
  void commit(std::vector<Batch> batches) PIMAN_EXCLUDES(mutex_);
  void commit(std::vector<OrderBatch> batches) PIMAN_EXCLUDES(mutex_);
  /// Gives back what could not be stored.
  void store_late(LateWrites late) PIMAN_EXCLUDES(mutex_);
  Result<void> write_late(const LateWrites& late);
  void count_leases() PIMAN_EXCLUDES(mutex_);
  void note(const Result<void>& outcome, std::string_view what) PIMAN_EXCLUDES(mutex_);

  const StoreSettings settings_;
  Logger& log_;
  const UniqueFd lock_;
  Database database_;                        ///< of the thread alone, once it runs
  std::optional<Tables> tables_;             ///< of the thread alone, once it runs
  std::optional<OrderTables> order_tables_;  ///< of the thread alone, once it runs
  SteadyTime last_told_{};                   ///< of the thread alone: the last failure in the log

  Mutex mutex_;
  ConditionVariable changed_;
  std::vector<Batch> batches_ PIMAN_GUARDED_BY(mutex_);
  std::vector<OrderBatch> orders_ PIMAN_GUARDED_BY(mutex_);
  std::vector<Task> tasks_ PIMAN_GUARDED_BY(mutex_);
  LateWrites late_ PIMAN_GUARDED_BY(mutex_);
  std::optional<SteadyTime> late_due_ PIMAN_GUARDED_BY(mutex_);
  StoreStats stats_ PIMAN_GUARDED_BY(mutex_);
  SteadyTime counted_ PIMAN_GUARDED_BY(mutex_){};
  bool count_wanted_ PIMAN_GUARDED_BY(mutex_) = false;

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace piman::manager
