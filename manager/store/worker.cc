// SPDX-License-Identifier: Apache-2.0
#include "manager/store/worker.h"

#include <algorithm>

#include "common/text.h"
#include "manager/store/recovery.h"
#include "manager/store/schema.h"

namespace piman::manager {
namespace {

/// More late writes than these wait for nobody: the disk is full or gone.
constexpr std::size_t kMostLateBoots = 4096;
constexpr std::size_t kMostLatePending = 4096;
constexpr std::size_t kMostLateEntries = 4096;
constexpr std::chrono::seconds kRetryLate{30};
constexpr std::chrono::seconds kCountsAreFresh{10};
constexpr std::chrono::seconds kBetweenWarnings{60};

}  // namespace

Store::Worker::Worker(StoreSettings settings, Logger& log, UniqueFd lock, Database database)
    : settings_(std::move(settings)), log_(log), lock_(std::move(lock)), database_(std::move(database)) {}

Result<void> Store::Worker::start() {
  // The file is small and its pages lie close together: half a megabyte of them is more than a storm touches.
  Result<void> set = database_.run("PRAGMA cache_size=-512; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0");
  if (set) set = database_.run(settings_.survives_power_loss ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  if (!set) return set;
  auto tables = Tables::prepare(database_);
  if (!tables) return tl::unexpected<Error>(tables.error());
  tables_ = std::move(*tables);
  auto order_tables = OrderTables::prepare(database_);
  if (!order_tables) return tl::unexpected<Error>(order_tables.error());
  order_tables_ = std::move(*order_tables);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  return {};
}

Store::Worker::~Worker() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Store::Worker::add(Batch batch) {
  {
    const MutexLock lock(mutex_);
    batches_.push_back(std::move(batch));
  }
  changed_.notify_one();  // with the lock free, or the thread would wake only to wait for it
}

void Store::Worker::add(OrderBatch batch) {
  {
    const MutexLock lock(mutex_);
    orders_.push_back(std::move(batch));
  }
  changed_.notify_one();
}

Result<OrderChanges> Store::Worker::load_orders() {
  return ask<OrderChanges>([this](Tables& /*tables*/) { return order_tables_->load(settings_.most_installs); });
}

Result<WatchChanges> Store::Worker::load_watch() {
  return ask<WatchChanges>([this](Tables& /*tables*/) { return load_watch_tables(database_); });
}

Result<void> Store::Worker::put_watch(const WatchChanges& changes) {
  return ask<void>([this, &changes](Tables& /*tables*/) {
    Result<void> outcome = database_.begin();
    if (outcome) outcome = apply_watch_changes(database_, changes);
    if (outcome) outcome = database_.commit();
    note(outcome, "alerts");
    if (!outcome) database_.roll_back();
    return outcome;
  });
}

void Store::Worker::add_task(Task task) {
  const MutexLock lock(mutex_);
  tasks_.push_back(std::move(task));
  changed_.notify_one();
}

void Store::Worker::note_late_write() {
  if (late_due_) return;
  late_due_ = std::chrono::steady_clock::now() + settings_.journal_delay;
  changed_.notify_one();  // only to tell the thread the time
}

void Store::Worker::add(BootRecord boot) {
  const MutexLock lock(mutex_);
  const auto key = std::pair(boot.mac, boot.started_ms);
  if (late_.boots.size() >= kMostLateBoots && !late_.boots.contains(key)) {
    ++stats_.dropped;
    return;
  }
  late_.boots.insert_or_assign(key, std::move(boot));
  note_late_write();
}

void Store::Worker::add(PendingHost host) {
  const MutexLock lock(mutex_);
  if (late_.pending.size() >= kMostLatePending && !late_.pending.contains(host.mac)) {
    ++stats_.dropped;
    return;
  }
  const MacAddress mac = host.mac;
  late_.pending.insert_or_assign(mac, std::move(host));
  note_late_write();
}

void Store::Worker::erase_pending(const MacAddress& mac) {
  const MutexLock lock(mutex_);
  late_.pending.insert_or_assign(mac, std::nullopt);
  note_late_write();
}

void Store::Worker::add(JournalEvent event) {
  const MutexLock lock(mutex_);
  if (late_.journal.size() >= kMostLateEntries) {
    ++stats_.dropped;
    return;
  }
  late_.journal.push_back(std::move(event));
  note_late_write();
}

StoreStats Store::Worker::stats() {
  const MutexLock lock(mutex_);
  if (!count_wanted_ && std::chrono::steady_clock::now() - counted_ > kCountsAreFresh) {
    count_wanted_ = true;
    changed_.notify_one();
  }
  return stats_;
}

void Store::Worker::run(const std::stop_token& stop) {
  count_leases();
  for (;;) {
    Work work = wait_for_work(stop);
    if (!work.batches.empty()) commit(std::move(work.batches));
    // Before the orders: nothing is done by one of which the journal of a killed manager would not tell.
    if (work.late_is_due && !work.late.empty()) store_late(std::move(work.late));
    if (!work.orders.empty()) commit(std::move(work.orders));
    for (const Task& task : work.tasks) task(*tables_);  // after the writes that were asked for before it
    if (work.count) count_leases();
    if (work.stopping) return;
  }
}

Store::Worker::Work Store::Worker::wait_for_work(const std::stop_token& stop) {
  const auto now = [] { return std::chrono::steady_clock::now(); };
  Work work;
  const MutexLock lock(mutex_);
  const auto is_ready = [this, &now]() PIMAN_REQUIRES(mutex_) {
    return !batches_.empty() || !orders_.empty() || !tasks_.empty() || count_wanted_ ||
           (late_due_ && *late_due_ <= now());
  };
  while (!is_ready() && !stop.stop_requested()) {
    // Ends when a first late write sets a time, too: the next round waits for that.
    const bool has_time = late_due_.has_value();
    const auto changed = [&]() PIMAN_REQUIRES(mutex_) { return is_ready() || late_due_.has_value() != has_time; };
    if (has_time) {
      changed_.wait_until(mutex_, stop, *late_due_, changed);
    } else {
      changed_.wait(mutex_, stop, changed);
    }
  }
  work.stopping = stop.stop_requested();
  work.batches = std::exchange(batches_, {});
  work.orders = std::exchange(orders_, {});
  work.tasks = std::exchange(tasks_, {});
  work.count = std::exchange(count_wanted_, false);
  // A task reads what was queued before it, and an order is told of before it is there.
  work.late_is_due = work.stopping || !work.tasks.empty() || !work.orders.empty() || (late_due_ && *late_due_ <= now());
  if (work.late_is_due) {
    work.late = std::exchange(late_, {});
    late_due_.reset();
  }
  return work;
}

void Store::Worker::commit(std::vector<Batch> batches) {
  const SteadyTime began = std::chrono::steady_clock::now();
  std::uint64_t changes = 0;
  Result<void> outcome = database_.begin();
  for (const Batch& batch : batches) {
    for (const auto& change : batch.changes) {
      if (outcome) outcome = tables_->apply(change);
    }
    changes += batch.changes.size();
  }
  if (outcome) outcome = database_.commit();
  note(outcome, "leases");
  if (!outcome) database_.roll_back();
  {
    const MutexLock lock(mutex_);
    stats_.commit_seconds += to_seconds(std::chrono::steady_clock::now() - began);
    if (outcome) {
      ++stats_.commits;
      stats_.lease_changes += changes;
    }
  }
  for (Batch& batch : batches) {
    if (batch.done) batch.done(outcome);
  }
}

void Store::Worker::commit(std::vector<OrderBatch> batches) {
  // Each for itself: that one can't be stored is no word about another.
  for (OrderBatch& batch : batches) {
    // An order that is lost with the power would be a card formatted without one: these always wait for the disk.
    Result<void> outcome = settings_.survives_power_loss ? Result<void>() : database_.run("PRAGMA synchronous=FULL");
    if (outcome) outcome = database_.begin();
    if (outcome) outcome = order_tables_->apply(batch.changes);
    if (outcome) outcome = database_.commit();
    note(outcome, "orders");
    if (!outcome) database_.roll_back();
    if (!settings_.survives_power_loss) static_cast<void>(database_.run("PRAGMA synchronous=NORMAL"));
    if (batch.done) batch.done(outcome);
  }
}

void Store::Worker::store_late(LateWrites late) {
  const Result<void> outcome = write_late(late);
  note(outcome, "journal");
  if (outcome) return;
  database_.roll_back();
  tables_->roll_back();
  const MutexLock lock(mutex_);
  // What came in the meantime is newer; merge() keeps it. The limits hold again with the next add().
  late_.boots.merge(late.boots);
  late_.pending.merge(late.pending);
  late.journal.insert(late.journal.end(), std::make_move_iterator(late_.journal.begin()),
                      std::make_move_iterator(late_.journal.end()));
  late_.journal = std::move(late.journal);
  late_due_ = std::chrono::steady_clock::now() + kRetryLate;
}

Result<void> Store::Worker::write_late(const LateWrites& late) {
  if (auto begun = database_.begin(); !begun) return begun;
  for (const auto& [key, boot] : late.boots) {
    if (auto put = tables_->put(boot, settings_.boots_per_host); !put) return put;
  }
  for (const auto& [mac, host] : late.pending) {
    if (auto put = host ? tables_->put(*host) : tables_->erase_pending(mac); !put) return put;
  }
  for (const JournalEvent& event : late.journal) {
    if (auto put = tables_->append(event); !put) return put;
  }
  if (!late.boots.empty()) {
    if (auto trimmed = tables_->trim_boots(settings_.most_boots); !trimmed) return trimmed;
  }
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  const std::int64_t oldest = (now - settings_.journal.longest_age).count();
  if (auto trimmed = tables_->trim_journal(settings_.journal.most_entries, oldest); !trimmed) return trimmed;
  if (auto trimmed = order_tables_->trim(settings_.most_orders, settings_.most_installs); !trimmed) return trimmed;
  return database_.commit();
}

void Store::Worker::count_leases() {
  const auto counts = tables_->count_leases(std::chrono::system_clock::now());
  const std::size_t set_aside = count_set_aside(database_in(settings_.folder));
  const MutexLock lock(mutex_);
  counted_ = std::chrono::steady_clock::now();
  if (counts) stats_.leases = *counts;
  stats_.set_aside = set_aside;
}

void Store::Worker::note(const Result<void>& outcome, std::string_view what) {
  const StoreFailure failure = outcome ? StoreFailure::kNone : database_.failure();
  bool was_failing = false;
  {
    const MutexLock lock(mutex_);
    was_failing = !stats_.error.empty();
    stats_.error = outcome ? std::string() : outcome.error().message;
    if (!outcome) ++stats_.failures[static_cast<std::size_t>(failure)];
  }
  if (outcome) {
    if (was_failing) log_.info("the store works again");
    return;
  }
  const SteadyTime now = std::chrono::steady_clock::now();
  if (was_failing && now - last_told_ < kBetweenWarnings) return;
  last_told_ = now;
  log_.error(
      failure == StoreFailure::kCorrupt
          ? "the store is damaged: start piman anew, and it is set aside; no new lease is given until then"
          : "the store can't write: no new lease is given until it can",
      {{"what", std::string(what)}, {"reason", std::string(to_string(failure))}, {"err", outcome.error().message}});
}

}  // namespace piman::manager
