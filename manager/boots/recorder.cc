// SPDX-License-Identifier: Apache-2.0
#include "manager/boots/recorder.h"

#include <map>
#include <memory>
#include <tuple>

#include "common/text.h"

namespace piman::manager {
namespace {

constexpr std::chrono::seconds kTick{5};
/// Pairs of protocol and reason are fixed words; more than these would be a bug or a flood of new ones.
constexpr std::size_t kMostMalformed = 64;

JournalEntry entry_of(const EndedBoot& boot, const std::string& subject) {
  std::string text =
      concat(to_string(boot.state), " after ", static_cast<double>(boot.duration.count() / 100) / 10, " s");
  if (!boot.model.empty()) text += concat(", ", boot.model);
  if (!boot.stuck_at.empty()) text += concat(", at ", boot.stuck_at);
  const auto started = std::chrono::duration_cast<std::chrono::milliseconds>(boot.started.time_since_epoch());
  return {(started + boot.duration).count(), "boot", subject, std::move(text)};
}

JournalEntry entry_of_pending(const PendingHost& host) {
  std::string text = concat("asked for the first time on ", host.interface);
  if (!host.model.empty()) text += concat(", ", host.model);
  const auto at = std::chrono::duration_cast<std::chrono::milliseconds>(host.first_seen.time_since_epoch());
  return {at.count(), "pending", host.mac.to_string(), std::move(text)};
}

}  // namespace

Recorder::Recorder(const RecorderSettings& settings, const netboot::HostDirectory& hosts, Store& store,
                   NetbootListener& listener, const Clock& clock, Logger& log)
    : settings_(settings),
      hosts_(hosts),
      store_(store),
      listener_(listener),
      clock_(clock),
      log_(log),
      boots_(settings.limits) {}

Result<std::unique_ptr<Recorder>> Recorder::start(const RecorderSettings& settings, const netboot::HostDirectory& hosts,
                                                  Store& store, NetbootListener& listener, const Clock& clock,
                                                  Logger& log) {
  auto boots = store.load_boots();
  if (!boots) return tl::unexpected<Error>(boots.error());
  auto pending = store.load_pending();
  if (!pending) return tl::unexpected<Error>(pending.error());
  std::unique_ptr<Recorder> recorder(new Recorder(settings, hosts, store, listener, clock, log));
  {
    const MutexLock lock(recorder->state_mutex_);
    recorder->boots_.restore(std::move(*boots));
    recorder->pending_.restore(std::move(*pending));
    recorder->pending_.leave_out(*hosts.hosts());
  }
  recorder->thread_ = std::jthread([self = recorder.get()](const std::stop_token& stop) { self->run(stop); });
  return recorder;
}

Recorder::~Recorder() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Recorder::on_dhcp(const netboot::DhcpEvent& event) { push(event); }
void Recorder::on_transfer(const netboot::TransferEvent& event) { push(event); }
void Recorder::on_console(const netboot::ConsoleLine& line) { push(line); }

void Recorder::on_malformed(std::string_view protocol, std::string_view reason) {
  const MutexLock lock(queue_mutex_);
  auto key = std::pair(std::string(protocol), std::string(reason));
  if (malformed_.size() >= kMostMalformed && !malformed_.contains(key)) return;
  ++malformed_[std::move(key)];
}

void Recorder::push(NetbootEvent event) {
  const Moment at = now();
  const MutexLock lock(queue_mutex_);
  if (queue_.size() >= settings_.most_queued) {
    ++lost_events_;
    return;
  }
  queue_.push_back({at, std::move(event)});
  // The thread gathers what follows the first one: a storm does not wake it for each packet.
  if (queue_.size() == 1) queued_.notify_one();
}

void Recorder::run(const std::stop_token& stop) {
  SteadyTime ticked = clock_.steady();
  std::vector<Queued> events;
  for (bool is_stopping = false; !is_stopping;) {
    {
      const MutexLock lock(queue_mutex_);
      is_busy_ = false;
      taken_.notify_all();
      queued_.wait_for(queue_mutex_, stop, kTick, [this]() PIMAN_REQUIRES(queue_mutex_) { return !queue_.empty(); });
      // Whoever waits for the events is in a hurry, and so is whoever stops the program.
      const auto is_hurried = [this]() PIMAN_REQUIRES(queue_mutex_) { return is_hurried_; };
      if (!queue_.empty()) queued_.wait_for(queue_mutex_, stop, settings_.gather, is_hurried);
      is_stopping = stop.stop_requested();
      events = std::exchange(queue_, {});
      is_hurried_ = false;
      is_busy_ = true;
    }
    take_in(events);
    events.clear();
    if (clock_.steady() - ticked < kTick && !is_stopping) continue;
    ticked = clock_.steady();
    BootLog::Output output;
    {
      const MutexLock lock(state_mutex_);
      output = is_stopping ? boots_.flush() : boots_.tick(now());
    }
    give_out(std::move(output), {});
  }
}

void Recorder::take_in(const std::vector<Queued>& events) {
  const auto hosts = hosts_.hosts();
  std::vector<PendingHosts::Change> changes;
  std::vector<PendingHost> newcomers;
  std::map<MacAddress, WallTime> touched;
  std::vector<std::tuple<std::string, BootFact, WallTime>> facts;
  {
    const MutexLock lock(state_mutex_);
    for (const Queued& queued : events) {
      if (const auto* dhcp = std::get_if<netboot::DhcpEvent>(&queued.event)) {
        boots_.take(*dhcp, *hosts, queued.at);
        if (settings_.records_pending && pending_.take(*dhcp, *hosts, queued.at.wall)) {
          newcomers.push_back(*pending_.find(dhcp->mac));
        }
      } else if (const auto* transfer = std::get_if<netboot::TransferEvent>(&queued.event)) {
        if (!boots_.take(*transfer, *hosts, queued.at)) ++nobodys_transfers_;
      } else {
        boots_.take(std::get<netboot::ConsoleLine>(queued.event), *hosts, queued.at);
      }
      if (boots_.last_machine()) touched.insert_or_assign(*boots_.last_machine(), queued.at.wall);
    }
    for (const auto& [mac, at] : touched) {
      const netboot::Host* host = hosts->find(mac);
      auto fact = host == nullptr ? std::nullopt : boots_.progress_of(mac);
      if (fact) facts.emplace_back(host->name, std::move(*fact), at);
    }
    changes = pending_.take_changes();
  }
  for (const Queued& queued : events) listener_.count(queued.event);
  for (const auto& [node, fact, at] : facts) listener_.note(node, fact, at);
  for (const PendingHost& host : newcomers) {
    log_.info("a machine that is not in the inventory asks to boot",
              {{"mac", host.mac.to_string()}, {"model", host.model}, {"interface", host.interface}});
    store_.append(entry_of_pending(host));
  }
  give_out({}, std::move(changes));
}

void Recorder::give_out(BootLog::Output output, std::vector<PendingHosts::Change> changes) {
  for (BootRecord& record : output.records) store_.put_boot(std::move(record));
  for (PendingHosts::Change& change : changes) {
    if (change.host) {
      store_.put_pending(std::move(*change.host));
    } else {
      store_.erase_pending(change.mac);
    }
  }
  const auto hosts = hosts_.hosts();
  for (const EndedBoot& boot : output.ended) {
    listener_.count_end(boot);
    const netboot::Host* host = hosts->find(boot.mac);
    if (const auto fact = host == nullptr ? std::nullopt : fact_of(boot)) listener_.note(host->name, *fact, now().wall);
    const std::string subject = host == nullptr ? boot.mac.to_string() : host->name;
    store_.append(entry_of(boot, subject));
    const bool went_well = boot.stuck_at.empty();
    log_.log(went_well || host == nullptr ? LogLevel::kInfo : LogLevel::kWarn, "a boot has ended",
             {{"node", subject},
              {"state", std::string(to_string(boot.state))},
              {"seconds", concat(boot.duration.count() / 1000)},
              {"at", boot.stuck_at}});
  }
}

std::vector<Boot> Recorder::boots_of(const MacAddress& mac) const {
  const MutexLock lock(state_mutex_);
  return boots_.boots_of(mac);
}
std::vector<PendingHost> Recorder::pending() const {
  const MutexLock lock(state_mutex_);
  return pending_.list();
}
std::optional<PendingHost> Recorder::find_pending(const MacAddress& mac) const {
  const MutexLock lock(state_mutex_);
  return pending_.find(mac);
}

void Recorder::inventory_changed() {
  const auto hosts = hosts_.hosts();
  std::vector<PendingHosts::Change> changes;
  {
    const MutexLock lock(state_mutex_);
    pending_.leave_out(*hosts);
    changes = pending_.take_changes();
  }
  give_out({}, std::move(changes));
}

Recorder::Counts Recorder::counts() const {
  Counts counts;
  {
    const MutexLock lock(state_mutex_);
    counts.running_boots = boots_.running();
    counts.pending_hosts = pending_.size();
    counts.nobodys_transfers = nobodys_transfers_;
  }
  const MutexLock lock(queue_mutex_);
  counts.lost_events = lost_events_;
  counts.malformed.assign(malformed_.begin(), malformed_.end());
  return counts;
}

void Recorder::wait_until_idle() {
  const MutexLock lock(queue_mutex_);
  is_hurried_ = true;
  queued_.notify_one();
  taken_.wait(queue_mutex_, [this]() PIMAN_REQUIRES(queue_mutex_) { return queue_.empty() && !is_busy_; });
}

}  // namespace piman::manager
