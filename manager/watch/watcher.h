// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "common/log.h"
#include "common/mutex.h"
#include "common/prom_text.h"
#include "common/result.h"
#include "manager/fleet/fleet.h"
#include "manager/store/store.h"
#include "manager/watch/alert_book.h"
#include "manager/watch/messenger.h"
#include "manager/watch/outbox.h"
#include "manager/watch/status_log.h"

/// The loop around the pure parts: looks at the fleet every second, stores what changed, and only then sends what is
/// to be told. So what was told is on the disk, and what was not is told after a restart.
namespace piman::watch {

struct WatcherParts {
  const WatchConfig& config;
  std::string site;
  std::string link;  ///< of the manager's page
  const manager::Fleet& fleet;
  manager::Store* store;  ///< null: what is known of alerts is kept in memory only
  Logger& log;
};

/// Thread-safety: every method may be called from any thread, start and the destructor from one. Its own thread does
/// all I/O; add_silence, end_silence and send_test wait for the disk.
class Watcher {
 public:
  /// What `parts` names must outlive it. Errors: the store's, the status log's, or a file with a URL that is none.
  static Result<std::unique_ptr<Watcher>> start(const WatcherParts& parts);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  std::vector<AlertView> alerts() const PIMAN_EXCLUDES(mutex_);
  std::vector<manager::SilenceRecord> silences() const PIMAN_EXCLUDES(mutex_);
  /// Errors: too many, or they can't be stored.
  Result<manager::SilenceRecord> add_silence(manager::SilenceRecord wanted) PIMAN_EXCLUDES(mutex_);
  /// False: there is none of that number.
  Result<bool> end_silence(std::uint64_t id) PIMAN_EXCLUDES(mutex_);
  /// The number of the message, which NotifierState::last_sent_id comes to. Errors: it can't be stored, or nobody is
  /// to be told.
  Result<std::uint64_t> send_test() PIMAN_EXCLUDES(mutex_);
  std::array<NotifierState, kNotifierCount> notifiers() const PIMAN_EXCLUDES(mutex_);
  /// Alertmanager's steady signal has come.
  void hear_watchdog() PIMAN_EXCLUDES(mutex_);
  void write_metrics(prom_text::Writer& out) const PIMAN_EXCLUDES(mutex_);

 private:
  /// Changes that somebody waits for until they are on the disk.
  struct Request {
    manager::WatchChanges changes;
    std::promise<Result<void>> done;
  };
  /// By what a node's state is told from the last one, without holding its page.
  struct Seen {
    std::uint64_t scrapes = 0;
    manager::Phase phase = manager::Phase::kPending;
    bool known = false;
  };

  Watcher(const WatcherParts& parts, std::uint32_t notifiers);
  void run(const std::stop_token& stop);
  void look(Moment now, manager::WatchChanges& out) PIMAN_REQUIRES(mutex_);
  void look_at_watchdog(Moment now, manager::WatchChanges& out) PIMAN_REQUIRES(mutex_);
  void tick() PIMAN_EXCLUDES(mutex_);
  Result<void> save(const manager::WatchChanges& changes) PIMAN_EXCLUDES(mutex_);
  void write_status_log();
  void send_due() PIMAN_EXCLUDES(mutex_);
  void finish(const Messenger::Outcome& outcome) PIMAN_EXCLUDES(mutex_);
  Result<void> wait_for(manager::WatchChanges changes) PIMAN_EXCLUDES(mutex_);
  void log_changes(const manager::WatchChanges& changes) const;
  static Moment moment();

  const WatcherParts parts_;
  const std::uint32_t notifiers_;
  std::unique_ptr<Messenger> messenger_;
  std::optional<StatusLog> status_log_;  ///< of the thread alone, with what follows
  std::optional<SteadyTime> alertmanager_told_;
  bool store_missed_some_ = false, status_log_failed_ = false;
  SteadyTime next_store_try_{};

  mutable Mutex mutex_;
  AlertBook book_ PIMAN_GUARDED_BY(mutex_);
  Outbox outbox_ PIMAN_GUARDED_BY(mutex_);
  std::unordered_map<std::string, Seen> seen_ PIMAN_GUARDED_BY(mutex_);
  std::uint64_t inventory_version_ PIMAN_GUARDED_BY(mutex_) = 0;
  SteadyTime watchdog_heard_ PIMAN_GUARDED_BY(mutex_);
  std::optional<WallTime> watchdog_at_ PIMAN_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Request>> requests_ PIMAN_GUARDED_BY(mutex_);
  bool stopped_ PIMAN_GUARDED_BY(mutex_) = true;  ///< until the thread runs

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace piman::watch
