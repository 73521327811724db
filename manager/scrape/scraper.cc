// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/scraper.h"

#include <algorithm>
#include <utility>

#include "manager/scrape/scrape_loop.h"

namespace piman::manager {
namespace {

constexpr std::size_t kHostsPerShard = 50;
constexpr std::size_t kLeastShards = 8;
constexpr std::size_t kMostShards = 128;

}  // namespace

Result<std::unique_ptr<Scraper>> Scraper::start(const ScraperSettings& settings, Fleet& fleet, Observer observer,
                                                Logger& log) {
  const std::size_t shards = std::clamp(fleet.snapshot()->nodes.size() / kHostsPerShard, kLeastShards, kMostShards);
  auto client = HttpClient::make(shards);
  if (!client) return tl::unexpected<Error>(std::move(client.error()));
  auto access = AccessFiles::open(settings.access);
  if (!access) return tl::unexpected<Error>(std::move(access.error()));
  std::unique_ptr<Scraper> scraper(new Scraper(std::move(*client), std::move(*access)));
  HttpClient* const http = scraper->client_.get();
  AccessFiles* const files = scraper->access_.get();
  std::atomic<bool>* const done = scraper->first_round_done_.get();
  ScrapeDemand* const demand = scraper->demand_.get();
  scraper->thread_ = std::jthread(
      [settings, &fleet, http, files, observer = std::move(observer), &log, done, demand](const std::stop_token& stop) {
        const std::stop_callback wake(stop, [http] { http->wake(); });
        ScrapeLoop(settings, {fleet, *http, *files, *demand, log, *done}, observer).run(stop);
      });
  return scraper;
}

bool Scraper::scrape_now(const std::string& name, std::chrono::milliseconds most) {
  return demand_->wait_for(name, most, [this] { client_->wake(); });
}

Scraper::Scraper(std::unique_ptr<HttpClient> client, AccessFiles access)
    : client_(std::move(client)),
      access_(std::make_unique<AccessFiles>(std::move(access))),
      demand_(std::make_unique<ScrapeDemand>()) {}

Scraper::~Scraper() = default;

}  // namespace piman::manager
