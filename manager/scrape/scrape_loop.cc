// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/scrape_loop.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/text.h"

namespace piman::manager {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestSleep{1000};
/// Scrapes begin on this grid, so that one wake-up serves several nodes of a large fleet.
constexpr milliseconds kGrid{10};
constexpr milliseconds kProbeWait{500};
constexpr std::size_t kMostEventBytes = 64UL * 1024;
/// A page says all but the number of processes, so /events is asked less often than the page.
constexpr milliseconds kEventsEvery{15'000};
/// Another exporter than ours has no /events, and won't have it in a moment.
constexpr milliseconds kEventsAbsentFor{600'000};
/// A clock that is off by more was never set.
constexpr double kMostClockOffset = 100.0 * 365 * 86'400;
/// Text first: every agent speaks it, and Prometheus 2 and 3 take it when it is passed on.
constexpr const char* kPageAccept =
    "text/plain;version=0.0.4;q=1,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1";

void fail_scrape(ScrapeResult& result, ScrapeError error, std::string text) {
  result.error = error;
  result.error_text = std::move(text);
}

/// The node read its clock between the request and the first byte of the page.
std::optional<ClockOffset> clock_offset(double node_time, WallTime asked, WallTime first_piece) {
  const double from = unix_seconds(asked);
  const double to = std::max(unix_seconds(first_piece), from);
  const ClockOffset offset{node_time - (from + to) / 2, (to - from) / 2};
  return std::fabs(offset.seconds) < kMostClockOffset ? std::optional(offset) : std::nullopt;
}

/// The five values of /events, as far as two pages have them; nothing when they have none.
std::optional<NodeEvent> event_of_page(const ScrapeResult& result, const PageFacts& facts,
                                       const std::optional<CpuSeconds>& cpu_before,
                                       const std::optional<double>& processes) {
  NodeEvent event;
  event.cpu_percent = cpu_percent_between(cpu_before, result.health.cpu);
  event.memory_percent = result.health.memory_percent;
  event.disk_percent = root_disk_percent(result.health);
  if (!event.cpu_percent && !event.memory_percent && !event.disk_percent) return std::nullopt;
  event.time = facts.time_seconds;
  event.temp = result.temperature_celsius;
  event.num_pids = facts.processes ? facts.processes : processes;
  return event;
}

/// What /events says counts; what it leaves out is taken from the page.
void complete(NodeEvent& event, const std::optional<NodeEvent>& from_page) {
  if (!from_page) return;
  for (const auto member : {&NodeEvent::time, &NodeEvent::cpu_percent, &NodeEvent::memory_percent,
                            &NodeEvent::disk_percent, &NodeEvent::num_pids, &NodeEvent::temp}) {
    if (!(event.*member)) event.*member = (*from_page).*member;
  }
}

}  // namespace

ScrapeLoop::ScrapeLoop(const ScraperSettings& settings, const Shared& shared, Scraper::Observer observer)
    : settings_(settings),
      shared_(shared),
      observer_(std::move(observer)),
      plan_(ScrapePlan::Settings{settings.interval, settings.max_backoff, ScrapePlan::Settings{}.first_round}),
      desk_{{settings.max_page_bytes, settings.max_samples}},
      probe_({[&client = shared.client](int fd, bool in, bool out) { client.also_watch(fd, in, out); },
              [&client = shared.client](int fd) { client.forget(fd); }}) {}

void ScrapeLoop::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    take_inventory();
    if (plan_.unscraped() == 0) shared_.first_round_done.store(true, std::memory_order_release);
    take_demand();
    begin_due();
    for (HttpAnswer& answer : shared_.client.poll(until_next())) on_answer(answer);
    end_probes();
  }
  shared_.demand.close();
}

void ScrapeLoop::take_inventory() {
  const std::uint64_t version = shared_.fleet.inventory_version();
  if (version == inventory_version_) return;
  inventory_version_ = version;
  std::vector<Host> hosts;
  const auto fleet = shared_.fleet.snapshot();  // which lives as long as it is looked at
  for (const auto& node : fleet->nodes) hosts.push_back(node->host);
  plan_.set_hosts(hosts, std::chrono::steady_clock::now());
  // The answer of a node that left, or of its old address, must not count for a new one of the same name.
  for (auto entry = in_flight_.begin(); entry != in_flight_.end();) {
    if (plan_.has(entry->second.host)) {
      ++entry;
      continue;
    }
    shared_.client.cancel(entry->first);
    if (entry->second.slow) --slow_in_flight_;
    shared_.demand.done(entry->second.host.name);
    entry = in_flight_.erase(entry);
  }
  std::erase_if(probes_, [this](const Probe& probe) {
    if (plan_.has(probe.scrape.host)) return false;
    probe_.give_up(probe.scrape.host.address);
    shared_.demand.done(probe.scrape.host.name);
    return true;
  });
  std::erase_if(known_, [&](const auto& known) { return !plan_.has_name(known.first); });
}

bool ScrapeLoop::is_under_way(const std::string& name) const {
  // Asked only for those that somebody waits for: no index is worth its upkeep.
  const auto is_it = [&](const Scrape& scrape) { return scrape.host.name == name; };
  return std::any_of(in_flight_.begin(), in_flight_.end(), [&](const auto& entry) { return is_it(entry.second); }) ||
         std::any_of(probes_.begin(), probes_.end(), [&](const Probe& probe) { return is_it(probe.scrape); });
}

void ScrapeLoop::take_demand() {
  for (std::string& name : shared_.demand.take()) wanted_.push_back(std::move(name));
  std::vector<std::string> without_place;
  for (std::string& name : wanted_) {
    if (is_under_way(name)) continue;
    if (in_flight_.size() >= settings_.max_in_flight) {
      without_place.push_back(std::move(name));
    } else if (const auto host = plan_.take(name, std::chrono::steady_clock::now())) {
      begin(*host, plan_.due_of(name));
    } else {
      shared_.demand.done(name);  // it has left
    }
  }
  wanted_ = std::move(without_place);
}

/// Slow nodes may hold half of the places at most, so that live ones always find one.
bool ScrapeLoop::slow_allowed() const {
  return slow_in_flight_ < std::max<std::size_t>(settings_.max_in_flight / 2, 1);
}

void ScrapeLoop::begin_due() {
  while (in_flight_.size() < settings_.max_in_flight) {
    const auto host = plan_.take_due(std::chrono::steady_clock::now(), slow_allowed());
    if (!host) return;
    begin(*host, plan_.due_of(host->name));
  }
}

void ScrapeLoop::begin(const Host& host, SteadyTime due) {
  Scrape scrape;
  scrape.host = host;
  scrape.slow = plan_.is_slow(host.name);
  scrape.began = std::chrono::steady_clock::now();
  scrape.result.at = std::chrono::system_clock::now();
  scrape.result.delay = std::max(scrape.began - due, SteadyTime::duration::zero());
  scrape.intake = std::make_unique<PageIntake>(desk_);
  if (scrape.slow) ++slow_in_flight_;
  HttpRequest request{host.address, settings_.agent_port, "/metrics", kPageAccept, settings_.timeout};
  request.sink = scrape.intake.get();
  ask(std::move(scrape), request);
}

void ScrapeLoop::ask(Scrape scrape, HttpRequest request) {
  shared_.access.look(std::chrono::steady_clock::now(), shared_.log);
  request.access = &shared_.access.access();
  if (request.access->tls) request.server_name = server_name_of(shared_.access.settings().server_name, scrape.host);
  in_flight_.emplace(shared_.client.start(request), std::move(scrape));
}

milliseconds ScrapeLoop::until_next() const {
  const SteadyTime now = std::chrono::steady_clock::now();
  milliseconds wait = kLongestSleep;
  for (const Probe& probe : probes_) wait = std::min(wait, std::chrono::ceil<milliseconds>(probe.until - now));
  if (in_flight_.size() < settings_.max_in_flight) {
    if (const auto due = plan_.next_due(slow_allowed())) {
      const auto slot = (due->time_since_epoch() + kGrid - SteadyTime::duration(1)) / kGrid * kGrid;
      wait = std::min(wait, std::chrono::ceil<milliseconds>(slot - now.time_since_epoch()));
    }
  }
  return std::max(wait, milliseconds(0));
}

void ScrapeLoop::on_answer(HttpAnswer& answer) {
  const auto found = in_flight_.find(answer.id);
  if (found == in_flight_.end()) return;
  Scrape scrape = std::move(found->second);
  in_flight_.erase(found);
  scrape.result.host_answered = scrape.result.host_answered || answer.host_answered;
  if (scrape.at_events) {
    take_events(scrape, answer);
    end(std::move(scrape));
    return;
  }
  take_page(scrape, answer);
  const Known& known = known_[scrape.host.name];
  const bool says_load = scrape.result.event && scrape.result.event->cpu_percent;
  if (scrape.result.error != ScrapeError::kNone || (says_load && scrape.began < known.events_due)) {
    end(std::move(scrape));
    return;
  }
  scrape.at_events = true;
  scrape.intake.reset();
  const auto used = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - scrape.began);
  const HttpRequest request{scrape.host.address, settings_.agent_port,     "/events",
                            "application/json",  settings_.timeout - used, kMostEventBytes};
  ask(std::move(scrape), request);
}

void ScrapeLoop::take_page(Scrape& scrape, const HttpAnswer& answer) {
  ScrapeResult& result = scrape.result;
  scrape.intake->finish(answer, result);
  if (result.error != ScrapeError::kNone) return;
  const PageFacts& facts = scrape.intake->facts();
  const auto first_piece = scrape.intake->first_piece_at();
  if (facts.time_seconds && first_piece) {
    result.health.clock_offset = clock_offset(*facts.time_seconds, result.at, *first_piece);
  }
  Known& known = known_[scrape.host.name];
  result.event = event_of_page(result, facts, known.cpu, known.processes);
  known.cpu = result.health.cpu;
}

void ScrapeLoop::take_events(Scrape& scrape, const HttpAnswer& answer) {
  ScrapeResult& result = scrape.result;
  Known& known = known_[scrape.host.name];
  result.body_bytes += answer.body.size();
  if (answer.error != ScrapeError::kNone) {
    fail_scrape(result, answer.error, concat("/events: ", answer.error_text));
  } else if (answer.status == 404) {  // another exporter than ours: its page is all there is
    known.events_due = scrape.began + kEventsAbsentFor;
    known.processes.reset();
  } else if (answer.status != 200) {
    fail_scrape(result, ScrapeError::kHttpStatus, concat("/events: answered with status ", answer.status));
  } else if (auto event = decode_event(answer.body)) {
    known.events_due = scrape.began + kEventsEvery - std::min<milliseconds>(settings_.interval, kEventsEvery) / 2;
    known.processes = event->num_pids;
    complete(*event, result.event);
    result.event = std::move(*event);
    if (!result.temperature_celsius) result.temperature_celsius = result.event->temp;
  } else {
    fail_scrape(result, ScrapeError::kMalformed, concat("/events: ", event.error().message));
  }
}

/// Before a host counts as down it is asked whether it is there.
void ScrapeLoop::end(Scrape scrape) {
  if (scrape.slow) --slow_in_flight_;
  scrape.slow = false;
  scrape.intake.reset();
  scrape.result.duration = std::chrono::steady_clock::now() - scrape.began;
  if (scrape.result.error == ScrapeError::kNone || scrape.result.host_answered) {
    finish(std::move(scrape));
    return;
  }
  probe_.ask(scrape.host.address);
  probes_.push_back({std::move(scrape), std::chrono::steady_clock::now() + kProbeWait});
}

void ScrapeLoop::end_probes() {
  if (probes_.empty()) return;
  const std::vector<Ipv4Address> answers = probe_.take_answers();
  const SteadyTime now = std::chrono::steady_clock::now();
  for (auto probe = probes_.begin(); probe != probes_.end();) {
    const Ipv4Address address = probe->scrape.host.address;
    const bool answered = std::find(answers.begin(), answers.end(), address) != answers.end();
    if (!answered && probe->until > now) {
      ++probe;
      continue;
    }
    probe_.give_up(address);
    Scrape scrape = std::move(probe->scrape);
    probe = probes_.erase(probe);
    if (answered) {
      scrape.result.host_answered = true;
      scrape.result.error_text += probe_.method() == HostProbe::Method::kTcp ? "; the host refuses other connections"
                                                                             : "; the host answers ping";
    }
    finish(std::move(scrape));
  }
}

void ScrapeLoop::finish(Scrape scrape) {
  ScrapeResult& result = scrape.result;
  if (result.error != ScrapeError::kNone) {  // half a result is none
    result.page.reset();
    result.event.reset();
    result.health = {};
  }
  plan_.finish(scrape.host, scrape_end(result.error), std::chrono::steady_clock::now());
  log_change(scrape.host, result);
  if (observer_) observer_(result);
  shared_.fleet.apply(scrape.host.name, std::move(result));
  shared_.demand.done(scrape.host.name);
}

void ScrapeLoop::log_change(const Host& host, const ScrapeResult& result) {
  const Phase phase = phase_after(result);
  Known& known = known_[host.name];
  if (known.phase == phase) return;
  known.phase = phase;
  const std::string name(to_string(phase));
  if (phase == Phase::kUp) {
    shared_.log.info("node changed", {{"node", host.name}, {"phase", name}});
  } else {
    shared_.log.warn("node changed", {{"node", host.name},
                                      {"phase", name},
                                      {"address", host.address.to_string()},
                                      {"class", std::string(to_string(result.error))},
                                      {"err", result.error_text}});
  }
}

}  // namespace piman::manager
