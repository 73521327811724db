// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/scraper.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/prom_parse.h"
#include "common/text.h"
#include "manager/scrape/page_facts.h"
#include "manager/scrape/scrape_plan.h"

namespace piman::manager {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestSleep{1000};
constexpr std::size_t kMostEventBytes = 64UL * 1024;
constexpr std::size_t kHostsPerShard = 50;
constexpr std::size_t kLeastShards = 8;
constexpr std::size_t kMostShards = 128;
/// Text first: every agent speaks it, and Prometheus 2 and 3 take it when it is passed on.
constexpr const char* kPageAccept =
    "text/plain;version=0.0.4;q=1,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1";

/// The scrape of one node, from its first request to its result.
struct Scrape {
  Host host;
  bool slow = false;       ///< it held one of the places for slow nodes when it began
  bool at_events = false;  ///< the second request is under way
  SteadyTime began{};
  ScrapeResult result;
};

/// What the scraper's thread owns.
class ScrapeLoop {
 public:
  ScrapeLoop(const ScraperSettings& settings, Fleet& fleet, HttpClient& client, Scraper::Observer observer, Logger& log,
             std::atomic<bool>& first_round_done)
      : settings_(settings),
        fleet_(fleet),
        client_(client),
        observer_(std::move(observer)),
        log_(log),
        first_round_done_(first_round_done),
        plan_(ScrapePlan::Settings{settings.interval, settings.max_backoff, ScrapePlan::Settings{}.first_round}) {}

  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      take_inventory();
      if (plan_.unscraped() == 0) first_round_done_.store(true, std::memory_order_release);
      begin_due();
      for (HttpAnswer& answer : client_.poll(until_next())) on_answer(answer);
    }
  }

 private:
  void take_inventory() {
    const std::uint64_t version = fleet_.inventory_version();
    if (version == inventory_version_) return;
    inventory_version_ = version;
    std::vector<Host> hosts;
    for (const auto& node : fleet_.snapshot()->nodes) hosts.push_back(node->host);
    plan_.set_hosts(hosts, std::chrono::steady_clock::now());
    // The answer of a node that left, or of its old address, must not count for a new one of the same name.
    for (auto entry = in_flight_.begin(); entry != in_flight_.end();) {
      if (plan_.has(entry->second.host)) {
        ++entry;
        continue;
      }
      client_.cancel(entry->first);
      if (entry->second.slow) --slow_in_flight_;
      entry = in_flight_.erase(entry);
    }
    std::erase_if(phases_, [&](const auto& known) { return !plan_.has_name(known.first); });
  }

  /// Slow nodes may hold half of the places at most, so that live ones always find one.
  bool slow_allowed() const { return slow_in_flight_ < std::max<std::size_t>(settings_.max_in_flight / 2, 1); }

  void begin_due() {
    while (in_flight_.size() < settings_.max_in_flight) {
      const auto host = plan_.take_due(std::chrono::steady_clock::now(), slow_allowed());
      if (!host) return;
      Scrape scrape;
      scrape.host = *host;
      scrape.slow = plan_.is_slow(host->name);
      scrape.began = std::chrono::steady_clock::now();
      scrape.result.at = std::chrono::system_clock::now();
      if (scrape.slow) ++slow_in_flight_;
      ask(std::move(scrape), "/metrics", kPageAccept, settings_.timeout, settings_.max_page_bytes);
    }
  }

  void ask(Scrape scrape, const char* path, const char* accept, milliseconds timeout, std::size_t most_bytes) {
    const HttpRequest request{scrape.host.address, settings_.agent_port, path, accept, timeout, most_bytes};
    in_flight_.emplace(client_.start(request), std::move(scrape));
  }

  milliseconds until_next() const {
    if (in_flight_.size() >= settings_.max_in_flight) return kLongestSleep;
    const auto due = plan_.next_due(slow_allowed());
    if (!due) return kLongestSleep;
    const auto wait = std::chrono::ceil<milliseconds>(*due - std::chrono::steady_clock::now());
    return std::clamp(wait, milliseconds(0), kLongestSleep);
  }

  void on_answer(HttpAnswer& answer) {
    const auto found = in_flight_.find(answer.id);
    if (found == in_flight_.end()) return;
    Scrape scrape = std::move(found->second);
    in_flight_.erase(found);
    scrape.result.host_answered = scrape.result.host_answered || answer.host_answered;
    scrape.result.body_bytes += answer.body.size();
    if (scrape.at_events) {
      take_events(scrape.result, answer);
      finish(std::move(scrape));
      return;
    }
    take_page(scrape.result, answer);
    if (scrape.result.error != ScrapeError::kNone) {
      finish(std::move(scrape));
      return;
    }
    scrape.at_events = true;
    const auto used = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - scrape.began);
    ask(std::move(scrape), "/events", "application/json", settings_.timeout - used, kMostEventBytes);
  }

  static void fail_scrape(ScrapeResult& result, ScrapeError error, std::string text) {
    result.error = error;
    result.error_text = std::move(text);
  }

  static void take_page(ScrapeResult& result, const HttpAnswer& answer) {
    if (answer.error != ScrapeError::kNone) {
      fail_scrape(result, answer.error, concat("/metrics: ", answer.error_text));
    } else if (answer.status != 200) {
      fail_scrape(result, ScrapeError::kHttpStatus, concat("/metrics: answered with status ", answer.status));
    } else if (auto facts = read_page_facts(answer.body, prom_text::format_of_content_type(answer.content_type))) {
      result.samples = facts->samples;
      result.temperature_celsius = facts->temperature_celsius;
      result.boot_time_seconds = facts->boot_time_seconds;
      result.model = std::move(facts->model);
      result.page_content_type = answer.content_type;
      result.page = std::make_shared<const std::string>(answer.body);  // a copy has no slack from growing
    } else {
      fail_scrape(result, ScrapeError::kMalformed, concat("/metrics: ", facts.error().message));
    }
  }

  static void take_events(ScrapeResult& result, const HttpAnswer& answer) {
    if (answer.error != ScrapeError::kNone) {
      fail_scrape(result, answer.error, concat("/events: ", answer.error_text));
    } else if (answer.status == 404) {
      return;  // another exporter than ours: its page is all there is
    } else if (answer.status != 200) {
      fail_scrape(result, ScrapeError::kHttpStatus, concat("/events: answered with status ", answer.status));
    } else if (const auto event = decode_event(answer.body)) {
      result.event = *event;
      if (!result.temperature_celsius) result.temperature_celsius = event->temp;
    } else {
      fail_scrape(result, ScrapeError::kMalformed, concat("/events: ", event.error().message));
    }
  }

  void finish(Scrape scrape) {
    if (scrape.slow) --slow_in_flight_;
    ScrapeResult& result = scrape.result;
    const SteadyTime now = std::chrono::steady_clock::now();
    result.duration = now - scrape.began;
    if (result.error != ScrapeError::kNone) {  // half a result is none
      result.page.reset();
      result.event.reset();
    }
    plan_.finish(scrape.host, scrape_end(result.error), now);
    log_change(scrape.host, result);
    if (observer_) observer_(result);
    fleet_.apply(scrape.host.name, std::move(result));
  }

  void log_change(const Host& host, const ScrapeResult& result) {
    const Phase phase = phase_after(result);
    const auto [known, is_new] = phases_.try_emplace(host.name, Phase::kPending);
    if (known->second == phase) return;
    known->second = phase;
    const std::string name(to_string(phase));
    if (phase == Phase::kUp) {
      log_.info("node changed", {{"node", host.name}, {"phase", name}});
    } else {
      log_.warn("node changed", {{"node", host.name},
                                 {"phase", name},
                                 {"address", host.address.to_string()},
                                 {"class", std::string(to_string(result.error))},
                                 {"err", result.error_text}});
    }
  }

  const ScraperSettings settings_;
  Fleet& fleet_;
  HttpClient& client_;
  Scraper::Observer observer_;
  Logger& log_;
  std::atomic<bool>& first_round_done_;
  ScrapePlan plan_;
  std::uint64_t inventory_version_ = 0;
  std::unordered_map<std::uint64_t, Scrape> in_flight_;
  std::size_t slow_in_flight_ = 0;
  std::unordered_map<std::string, Phase> phases_;
};

}  // namespace

Result<std::unique_ptr<Scraper>> Scraper::start(const ScraperSettings& settings, Fleet& fleet, Observer observer,
                                                Logger& log) {
  const std::size_t shards = std::clamp(fleet.snapshot()->nodes.size() / kHostsPerShard, kLeastShards, kMostShards);
  auto client = HttpClient::make(shards);
  if (!client) return tl::unexpected<Error>(std::move(client.error()));
  std::unique_ptr<Scraper> scraper(new Scraper(std::move(*client)));
  HttpClient* const http = scraper->client_.get();
  std::atomic<bool>* const done = scraper->first_round_done_.get();
  scraper->thread_ =
      std::jthread([settings, &fleet, http, observer = std::move(observer), &log, done](const std::stop_token& stop) {
        const std::stop_callback wake(stop, [http] { http->wake(); });
        ScrapeLoop(settings, fleet, *http, observer, log, *done).run(stop);
      });
  return scraper;
}

Scraper::Scraper(std::unique_ptr<HttpClient> client) : client_(std::move(client)) {}

Scraper::~Scraper() = default;

}  // namespace piman::manager
