// SPDX-License-Identifier: Apache-2.0
#include "manager/watch/watcher.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "common/text.h"
#include "manager/watch/digest.h"
#include "manager/watch/node_facts.h"
#include "manager/watch/watch_metrics.h"

namespace piman::watch {
namespace {

using manager::AlertRecord;
using manager::NoticeRecord;
using manager::SilenceRecord;
using manager::WatchChanges;
using std::chrono::milliseconds;

constexpr milliseconds kTick{1000};
constexpr std::chrono::seconds kStoreRetry{10};
/// Alertmanager takes what is not repeated for what has ended.
constexpr std::chrono::seconds kAlertmanagerRound{60};
constexpr std::array kNotifiers = {Notifier::kSlack, Notifier::kAlertmanager, Notifier::kWebhook};

OutboxLimits limits_of(const WatchConfig& config) {
  OutboxLimits limits;
  limits.gather = config.gather;
  limits.pause = config.pause;
  return limits;
}

void append(WatchChanges& to, WatchChanges from) {
  const auto move_all = [](auto& out, auto& in) {
    out.insert(out.end(), std::make_move_iterator(in.begin()), std::make_move_iterator(in.end()));
  };
  move_all(to.alerts, from.alerts);
  move_all(to.notices, from.notices);
  move_all(to.silences, from.silences);
  move_all(to.boots, from.boots);
  move_all(to.gone_alerts, from.gone_alerts);
  move_all(to.gone_notices, from.gone_notices);
  move_all(to.gone_silences, from.gone_silences);
  move_all(to.gone_boots, from.gone_boots);
}

}  // namespace

Moment Watcher::moment() { return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()}; }

Watcher::Watcher(const WatcherParts& parts, std::uint32_t notifiers)
    : parts_(parts),
      notifiers_(notifiers),
      book_(parts_.config, notifiers),
      outbox_(limits_of(parts_.config), notifiers),
      watchdog_heard_(std::chrono::steady_clock::now()) {}

Result<std::unique_ptr<Watcher>> Watcher::start(const WatcherParts& parts) {
  std::unique_ptr<Watcher> watcher(new Watcher(parts, Messenger::notifiers_of(parts.config)));
  auto messenger = Messenger::make(parts.config, parts.site, parts.link);
  if (!messenger) return tl::unexpected<Error>(messenger.error());
  watcher->messenger_ = std::move(*messenger);
  if (!parts.config.status_log.empty()) {
    auto log = StatusLog::open(parts.config.status_log, parts.config.status_log_bytes);
    if (!log) return tl::unexpected<Error>(log.error());
    watcher->status_log_ = std::move(*log);
  }
  const auto stored = parts.store == nullptr ? Result<WatchChanges>(WatchChanges{}) : parts.store->load_watch();
  if (!stored) return fail_with("reading the stored alerts", stored.error());
  {
    const MutexLock lock(watcher->mutex_);
    watcher->book_.restore(*stored);
    WatchChanges out;  // notices to notifiers that are gone; the first tick writes everything anew
    watcher->outbox_.add(stored->notices, moment(), out);
    watcher->store_missed_some_ = !out.empty();
    watcher->stopped_ = false;
  }
  watcher->thread_ = std::jthread([self = watcher.get()](const std::stop_token& stop) {
    const std::stop_callback wake(stop, [self] { self->messenger_->wake(); });
    self->run(stop);
  });
  return watcher;
}

Watcher::~Watcher() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Watcher::run(const std::stop_token& stop) {
  SteadyTime next_tick{};
  while (!stop.stop_requested()) {
    const SteadyTime now = std::chrono::steady_clock::now();
    bool is_asked = false;
    {
      const MutexLock lock(mutex_);
      is_asked = !requests_.empty();
    }
    if (now >= next_tick || is_asked) {
      tick();
      next_tick = now + kTick;
    }
    send_due();
    const auto wait = std::chrono::ceil<milliseconds>(next_tick - std::chrono::steady_clock::now());
    for (const auto& outcome : messenger_->poll(std::clamp(wait, milliseconds(0), kTick))) finish(outcome);
  }
  std::vector<std::shared_ptr<Request>> left;
  {
    const MutexLock lock(mutex_);
    stopped_ = true;
    left.swap(requests_);
  }
  for (const auto& request : left) request->done.set_value(save(request->changes));
}

void Watcher::look(Moment now, WatchChanges& out) {
  const std::uint64_t version = parts_.fleet.inventory_version();  // before the snapshot: then it is not newer
  const auto fleet = parts_.fleet.snapshot();
  for (const auto& node : fleet->nodes) {
    const std::string& name = node->host.name;
    Seen& seen = seen_[name];
    const bool is_new = !seen.known || seen.scrapes != node->scrapes || seen.phase != node->phase;
    if (!is_new && !book_.has_timers(name)) continue;
    book_.observe(name, facts_of(*node), booted_at(*node), now, out);
    if (status_log_ && node->scrapes != seen.scrapes) {
      status_log_->add(render_status_line(*node, parts_.site, book_.firing(name)));
    }
    seen = {node->scrapes, node->phase, true};
  }
  // An inventory without nodes is one that could not be read at the start: that is no reason to forget them all.
  if (version == inventory_version_ || fleet->nodes.empty()) return;
  inventory_version_ = version;
  std::unordered_set<std::string_view> names;
  for (const auto& node : fleet->nodes) names.insert(node->host.name);
  book_.keep_only([&names](std::string_view name) { return names.contains(name); }, now, out);
  std::erase_if(seen_, [&names](const auto& entry) { return !names.contains(entry.first); });
}

void Watcher::look_at_watchdog(Moment now, WatchChanges& out) {
  if (parts_.config.watchdog_timeout == milliseconds(0)) return;
  const bool is_silent = now.steady - watchdog_heard_ > parts_.config.watchdog_timeout;
  const std::string detail =
      is_silent ? concat("its steady signal did not come for ",
                         lasting(std::chrono::duration_cast<milliseconds>(now.steady - watchdog_heard_)))
                : std::string();
  book_.observe_site(Condition::kWatchdog, is_silent, detail, now, out);
}

void Watcher::tick() {
  WatchChanges out;
  std::vector<std::shared_ptr<Request>> requests;
  {
    const MutexLock lock(mutex_);
    const Moment now = moment();
    look(now, out);
    look_at_watchdog(now, out);
    book_.settle(now, out);
    requests.swap(requests_);
    for (const auto& request : requests) append(out, std::move(request->changes));
    outbox_.add(std::vector<NoticeRecord>(out.notices), now, out);
  }
  log_changes(out);
  const Result<void> saved = save(out);
  for (const auto& request : requests) request->done.set_value(saved);
  write_status_log();
}

Result<void> Watcher::save(const WatchChanges& changes) {
  if (parts_.store == nullptr) return {};
  if (!store_missed_some_) {
    if (changes.empty()) return {};
    auto saved = parts_.store->put_watch(changes);
    if (saved) return saved;
    store_missed_some_ = true;  // the store has told it in the log
    next_store_try_ = std::chrono::steady_clock::now() + kStoreRetry;
    return saved;
  }
  if (changes.empty() && std::chrono::steady_clock::now() < next_store_try_) return {};
  WatchChanges all;
  all.everything = true;
  {
    const MutexLock lock(mutex_);
    book_.add_rows(all);
    all.notices.assign(outbox_.notices().begin(), outbox_.notices().end());
  }
  auto saved = parts_.store->put_watch(all);
  store_missed_some_ = !saved;
  next_store_try_ = std::chrono::steady_clock::now() + kStoreRetry;
  return saved;
}

void Watcher::write_status_log() {
  if (!status_log_) return;
  const auto written = status_log_->flush();
  if (!written && !status_log_failed_) parts_.log.error("no status log", {{"err", written.error().message}});
  status_log_failed_ = !written;
}

void Watcher::send_due() {
  for (const Notifier notifier : kNotifiers) {
    std::optional<std::vector<NoticeRecord>> notices;
    std::vector<AlertRecord> told;
    {
      const MutexLock lock(mutex_);
      const Moment now = moment();
      if (notifier == Notifier::kAlertmanager) told = book_.told();
      const bool is_round =
          !told.empty() && (!alertmanager_told_ || now.steady - *alertmanager_told_ >= kAlertmanagerRound);
      notices = outbox_.take(notifier, now, is_round);
    }
    if (notices) messenger_->send(notifier, *notices, std::move(told));
  }
}

void Watcher::finish(const Messenger::Outcome& outcome) {
  const Notifier notifier = outcome.notifier;
  WatchChanges out;
  NotifierState before;
  NotifierState after;
  {
    const MutexLock lock(mutex_);
    const Moment now = moment();
    before = outbox_.state(notifier, now);
    outbox_.finish(notifier, outcome.delivery, outcome.error, outcome.wait, now, out);
    after = outbox_.state(notifier, now);
    const bool is_told = notifier == Notifier::kAlertmanager && outcome.delivery == Delivery::kSent;
    if (is_told) alertmanager_told_ = now.steady;
  }
  const auto dropped = static_cast<std::size_t>(Delivery::kDropped);
  const std::string name(to_string(notifier));
  if (outcome.delivery != Delivery::kSent) {
    parts_.log.warn("a message did not get through", {{"notifier", name},
                                                      {"result", std::string(to_string(outcome.delivery))},
                                                      {"err", outcome.error},
                                                      {"next_try_seconds", concat(after.next_try.count() / 1000)}});
  } else if (before.failing_since) {
    parts_.log.info("messages get through again", {{"notifier", name}});
  }
  if (after.counts[dropped] != before.counts[dropped]) {
    parts_.log.error("messages given up",
                     {{"notifier", name}, {"messages", concat(after.counts[dropped] - before.counts[dropped])}});
  }
  static_cast<void>(save(out));  // the store tells it, and the row is tried again
}

void Watcher::log_changes(const WatchChanges& changes) const {
  for (const AlertRecord& alert : changes.alerts) {
    if (alert.ended_ms != 0) {
      parts_.log.info("alert ended", {{"node", alert.node}, {"condition", alert.condition}});
    } else if (!alert.told) {
      parts_.log.warn("alert fires", {{"node", alert.node}, {"condition", alert.condition}, {"what", describe(alert)}});
    }
  }
}

std::vector<AlertView> Watcher::alerts() const {
  const MutexLock lock(mutex_);
  return book_.alerts(std::chrono::system_clock::now());
}

std::vector<SilenceRecord> Watcher::silences() const {
  const MutexLock lock(mutex_);
  return book_.silences();
}

Result<void> Watcher::wait_for(WatchChanges changes) {
  const auto request = std::make_shared<Request>();
  request->changes = std::move(changes);
  auto done = request->done.get_future();
  {
    const MutexLock lock(mutex_);
    if (stopped_) return fail("the server is stopping");
    requests_.push_back(request);
  }
  messenger_->wake();
  return done.get();
}

Result<SilenceRecord> Watcher::add_silence(SilenceRecord wanted) {
  WatchChanges out;
  std::optional<SilenceRecord> added;
  {
    const MutexLock lock(mutex_);
    added = book_.add_silence(std::move(wanted), out);
  }
  if (!added) return fail(concat("there are ", AlertBook::kMostSilences, " silences already; let some expire"));
  if (auto stored = wait_for(std::move(out)); !stored) {
    return fail(concat("the silence holds only until the manager stops: it can't be stored: ", stored.error().message));
  }
  return *added;
}

Result<bool> Watcher::end_silence(std::uint64_t id) {
  WatchChanges out;
  {
    const MutexLock lock(mutex_);
    if (!book_.end_silence(id, out)) return false;
  }
  if (auto stored = wait_for(std::move(out)); !stored) return tl::unexpected<Error>(stored.error());
  return true;
}

Result<std::uint64_t> Watcher::send_test() {
  if (notifiers_ == 0) {
    return fail("nobody is told: set watch.slack_url_file, watch.webhook_url_file or watch.alertmanager_url");
  }
  WatchChanges out;
  std::uint64_t id = 0;
  {
    const MutexLock lock(mutex_);
    id = book_.add_test(moment(), out);
  }
  if (auto stored = wait_for(std::move(out)); !stored) return tl::unexpected<Error>(stored.error());
  return id;
}

std::array<NotifierState, kNotifierCount> Watcher::notifiers() const {
  std::array<NotifierState, kNotifierCount> states;
  const MutexLock lock(mutex_);
  const Moment now = moment();
  for (const Notifier each : kNotifiers) states[static_cast<std::size_t>(each)] = outbox_.state(each, now);
  return states;
}

void Watcher::hear_watchdog() {
  const MutexLock lock(mutex_);
  watchdog_heard_ = std::chrono::steady_clock::now();
  watchdog_at_ = std::chrono::system_clock::now();
}

void Watcher::write_metrics(prom_text::Writer& out) const {
  WatchPresent present;
  {
    const MutexLock lock(mutex_);
    const Moment now = moment();
    for (const AlertView& view : book_.alerts(now.wall)) {
      const auto condition = parse_condition(view.alert.condition);
      if (!condition) continue;
      ++present.alerts[static_cast<std::size_t>(view.state)][index_of(*condition)];
      if (view.silenced && view.state == AlertState::kFiring) ++present.silenced_alerts;
    }
    present.silences = book_.silences().size();
    for (const Notifier each : kNotifiers) {
      present.notifiers[static_cast<std::size_t>(each)] = outbox_.state(each, now);
    }
    present.watchdog_at = watchdog_at_;
  }
  write_watch_metrics(out, parts_.site, parts_.config, present);
}

}  // namespace piman::watch
