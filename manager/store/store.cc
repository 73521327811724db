// SPDX-License-Identifier: Apache-2.0
#include "manager/store/store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <system_error>
#include <utility>

#include "common/clock.h"
#include "common/text.h"
#include "common/unique_fd.h"
#include "manager/store/copies.h"
#include "manager/store/inspect.h"
#include "manager/store/recovery.h"
#include "manager/store/schema.h"
#include "manager/store/worker.h"

namespace piman::manager {
namespace {

using netboot::dhcp::Lease;

tl::unexpected<Error> fail_errno(std::string_view what, const std::string& path) {
  return fail(concat(what, ' ', path, ": ", std::generic_category().message(errno)));
}

bool exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

Result<UniqueFd> open_lock(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0750) != 0 && errno != EEXIST) return fail_errno("making the store's folder", folder);
  const std::string path = folder + "/piman.lock";
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!fd.valid()) return fail_errno("opening the store's lock", path);
  return fd;
}

/// A database that is whole, and what had to be done to have one.
struct Opened {
  std::optional<Database> database;
  std::optional<Recovery> recovery;
  std::optional<std::size_t> withdrawn;  ///< orders, as the last changes are lost
  bool is_new = false;

  bool lost_something() const { return recovery || withdrawn; }
};

/// An order that looks open was perhaps carried out, and nothing tells any more.
Result<std::size_t> withdraw_doubtful(Database& database) {
  if (auto begun = database.begin(); !begun) return tl::unexpected<Error>(begun.error());
  auto withdrawn = withdraw_open_orders(database, "the last changes before the manager ended are lost: give it again",
                                        std::chrono::system_clock::now());
  if (!withdrawn) return withdrawn;
  if (auto done = database.commit(); !done) return tl::unexpected<Error>(done.error());
  return withdrawn;
}

Result<Opened> open_or_make(const std::string& path, Logger& log) {
  Opened opened;
  if (!exists(path)) {
    if (auto finished = finish_recovery(path); !finished) return tl::unexpected<Error>(finished.error());
  }
  if (!exists(path)) {
    if (exists(path + "-wal")) {
      return fail(
          concat(path, " is missing, but its journal ", path,
                 "-wal is there: put the database back beside it, or move the journal away to begin with none"));
    }
    if (auto made = make_database(path); !made) return tl::unexpected<Error>(made.error());
    opened.is_new = true;
  }
  auto found = inspect_database(path);
  if (!found) return tl::unexpected<Error>(found.error());
  if (!found->was_read_wholly) log.warn("the store is large or slow, and was not checked to its end", {{"file", path}});
  if (!found->database) {
    auto replaced = replace_damaged(path, found->damage, std::chrono::system_clock::now());
    if (!replaced) return tl::unexpected<Error>(replaced.error());
    opened.recovery = std::move(*replaced);
    found = inspect_database(path);
    if (!found) return tl::unexpected<Error>(found.error());
    if (!found->database) return fail(concat(path, ": was just made and is damaged: ", found->damage));
  }
  if (found->lost_changes && !opened.recovery) {
    auto withdrawn = withdraw_doubtful(*found->database);
    if (!withdrawn) return tl::unexpected<Error>(withdrawn.error());
    opened.withdrawn = *withdrawn;
  }
  opened.database = std::move(found->database);
  return opened;
}

JournalEntry entry_of(const Recovery& recovery, std::int64_t at_ms) {
  JournalEntry entry{at_ms, "store", "", "", {}};
  entry.text = concat("the database was damaged (", recovery.damage, ") and is set aside: ", recovery.set_aside, "; ",
                      recovery.leases, " leases and ", recovery.broken_cards,
                      " half-written cards are taken over, orders, alerts and history are not");
  entry.data = {{"step", "set_aside"},
                {"file", recovery.set_aside},
                {"reason", recovery.damage},
                {"leases", concat(recovery.leases)},
                {"broken_cards", concat(recovery.broken_cards)}};
  return entry;
}

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void tell_of_lost_changes(std::size_t withdrawn, Journal& journal, Logger& log) {
  const std::string text = concat("the journal of the database was damaged, and its last changes are lost; ", withdrawn,
                                  " orders that looked open are withdrawn");
  journal.append({now_ms(), "store", "", text, {{"step", "lost_changes"}, {"orders", concat(withdrawn)}}});
  log.error(text);
}

/// Into the journal and the log: what is known no more must not go unnoticed.
void tell(const Recovery& recovery, Journal& journal, Logger& log) {
  const std::int64_t now = now_ms();
  journal.append(entry_of(recovery, now));
  log.error("the database was damaged: it is set aside, and a new one begun",
            {{"reason", recovery.damage},
             {"file", recovery.set_aside},
             {"leases", concat(recovery.leases)},
             {"broken_cards", concat(recovery.broken_cards)}});
  for (const std::string& order : recovery.forgotten_orders) {
    journal.append({now, "store", "", concat("an order that was open is forgotten: ", order), {{"step", "forgotten"}}});
    log.error("an order that was open is forgotten: give it again if it is still wanted", {{"order", order}});
  }
}

}  // namespace

Result<void> check_store_folder(const std::string& folder) {
  const auto lock = open_lock(folder);
  return lock ? Result<void>() : tl::unexpected<Error>(lock.error());
}

// The lock has a file of its own: closing another descriptor of the database would take SQLite's locks away.
Result<UniqueFd> lock_store(const std::string& folder) {
  auto fd = open_lock(folder);
  if (fd && ::flock(fd->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return fail(concat("the store ", folder, " is in use by another piman"));
    return fail_errno("locking", folder + "/piman.lock");
  }
  return fd;
}

class Store::Archive final : public JournalArchive {
 public:
  explicit Archive(Worker& worker) : worker_(worker) {}
  void write(JournalEvent event) override { worker_.add(std::move(event)); }
  Result<std::vector<JournalEvent>> read(const JournalQuery& query, std::uint64_t before) override {
    return worker_.ask<std::vector<JournalEvent>>(
        [&query, before](Tables& tables) { return tables.journal(query, before); });
  }

 private:
  Worker& worker_;
};

Store::Store(std::unique_ptr<Worker> worker, const JournalSettings& settings, std::uint64_t last_id)
    : worker_(std::move(worker)),
      archive_(std::make_unique<Archive>(*worker_)),
      journal_(settings, last_id, archive_.get()) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const StoreSettings& settings, Logger& log) {
  auto lock = lock_store(settings.folder);
  if (!lock) return tl::unexpected<Error>(lock.error());
  const std::string path = database_in(settings.folder);
  auto opened = open_or_make(path, log);
  if (!opened) return tl::unexpected<Error>(opened.error());
  auto last_id = opened->database->number("SELECT coalesce(max(id), 0) FROM journal");
  if (!last_id) return tl::unexpected<Error>(last_id.error());
  // Events that an earlier run told of and did not store any more must not share their ids with others.
  if (!opened->is_new) *last_id += kMostUnstoredEvents;
  // Nor those of a journal that is lost.
  if (opened->lost_something()) *last_id = last_id_after_loss(*last_id, std::chrono::system_clock::now());
  auto worker = std::make_unique<Worker>(settings, log, std::move(*lock), std::move(*opened->database));
  if (auto started = worker->start(); !started) return tl::unexpected<Error>(started.error());
  std::unique_ptr<Store> store(new Store(std::move(worker), settings.journal, static_cast<std::uint64_t>(*last_id)));
  if (opened->recovery) tell(*opened->recovery, store->journal_, log);
  if (opened->withdrawn) tell_of_lost_changes(*opened->withdrawn, store->journal_, log);
  return store;
}

Result<std::vector<Lease>> Store::load() {
  return worker_->ask<std::vector<Lease>>([](Tables& tables) { return tables.leases(); });
}

void Store::commit(std::vector<netboot::dhcp::LeaseChange> changes, Done done) {
  worker_->add(Worker::Batch{std::move(changes), std::move(done)});
}

Result<std::vector<PendingHost>> Store::load_pending() {
  return worker_->ask<std::vector<PendingHost>>([](Tables& tables) { return tables.pending_hosts(); });
}
Result<std::vector<BootRecord>> Store::load_boots() {
  return worker_->ask<std::vector<BootRecord>>([](Tables& tables) { return tables.boots(); });
}
Result<OrderChanges> Store::load_orders() { return worker_->load_orders(); }
void Store::put_orders(OrderChanges changes, Done done) {
  worker_->add(Worker::OrderBatch{std::move(changes), std::move(done)});
}

Result<WatchChanges> Store::load_watch() { return worker_->load_watch(); }
Result<void> Store::put_watch(const WatchChanges& changes) { return worker_->put_watch(changes); }

void Store::put_pending(PendingHost host) { worker_->add(std::move(host)); }
void Store::erase_pending(const MacAddress& mac) { worker_->erase_pending(mac); }
void Store::put_boot(BootRecord boot) { worker_->add(std::move(boot)); }
StoreStats Store::stats() { return worker_->stats(); }

}  // namespace piman::manager
