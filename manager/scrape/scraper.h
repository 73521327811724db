// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "common/clock.h"
#include "common/log.h"
#include "common/result.h"
#include "manager/fleet/fleet.h"
#include "manager/scrape/http_client.h"
#include "manager/scrape/scrape_demand.h"

/// Keeps a Fleet up to date: asks every node for /metrics and now and then, on the same connection, for /events, at the
/// times that a ScrapePlan says or when somebody waits for a node.
namespace piman::manager {

struct ScraperSettings {
  std::uint16_t agent_port = 3000;
  std::chrono::milliseconds interval{15'000};
  std::chrono::milliseconds timeout{5'000};  ///< for both requests together
  std::chrono::milliseconds max_backoff{120'000};
  std::size_t max_in_flight = 64;
  std::size_t max_page_bytes = 16UL * 1024UL * 1024;
  std::size_t max_samples = 100'000;
  AccessSettings access{};
};

/// Runs one thread from start() until destruction, which takes a few milliseconds.
/// Thread-safety: start, wake and the destructor belong to one thread; the rest may be called from any.
class Scraper {
 public:
  /// Called with every result on the scraper's thread, before the fleet has it. Must not block.
  using Observer = std::function<void(const ScrapeResult&)>;

  /// `fleet` and `log` must outlive the scraper. Errors: out of file descriptors; what agents want can't be read.
  static Result<std::unique_ptr<Scraper>> start(const ScraperSettings& settings, Fleet& fleet, Observer observer,
                                                Logger& log);
  ~Scraper();
  Scraper(const Scraper&) = delete;
  Scraper& operator=(const Scraper&) = delete;

  /// Whether every node has been tried at least once.
  bool first_round_done() const { return first_round_done_->load(std::memory_order_acquire); }
  /// Looks at the fleet's inventory now; without it a change is seen within a second.
  void wake() { client_->wake(); }
  /// Scrapes a node out of turn, or joins the scrape of it that is under way, and waits until it has ended and the
  /// fleet has its result. False: not within `most`. From any thread.
  bool scrape_now(const std::string& name, std::chrono::milliseconds most);

 private:
  Scraper(std::unique_ptr<HttpClient> client, AccessFiles access);

  std::unique_ptr<HttpClient> client_;
  std::unique_ptr<AccessFiles> access_;
  std::unique_ptr<ScrapeDemand> demand_;
  std::unique_ptr<std::atomic<bool>> first_round_done_ = std::make_unique<std::atomic<bool>>(false);
  std::jthread thread_;
};

}  // namespace piman::manager
