// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/clock.h"
#include "common/log.h"
#include "manager/fleet/fleet.h"
#include "manager/scrape/host_probe.h"
#include "manager/scrape/http_access.h"
#include "manager/scrape/http_client.h"
#include "manager/scrape/page_intake.h"
#include "manager/scrape/scrape_demand.h"
#include "manager/scrape/scrape_plan.h"
#include "manager/scrape/scraper.h"

/// What the scraper's thread does and owns: begins scrapes when the plan says so or somebody waits, asks silent hosts
/// whether they are there at all, and hands results to the fleet.
namespace piman::manager {

class ScrapeLoop {
 public:
  /// All of it must outlive the loop.
  struct Shared {
    Fleet& fleet;
    HttpClient& client;
    AccessFiles& access;
    ScrapeDemand& demand;
    Logger& log;
    std::atomic<bool>& first_round_done;
  };
  ScrapeLoop(const ScraperSettings& settings, const Shared& shared, Scraper::Observer observer);

  void run(const std::stop_token& stop);

 private:
  /// The scrape of one node, from its first request to its result.
  struct Scrape {
    Host host;
    bool slow = false;       ///< it held one of the places for slow nodes when it began
    bool at_events = false;  ///< the second request is under way
    SteadyTime began{};
    std::unique_ptr<PageIntake> intake;
    ScrapeResult result;
  };
  /// A scrape that failed without a word of the host, while an answer to the probe may still come.
  struct Probe {
    Scrape scrape;
    SteadyTime until{};
  };
  /// What is kept of a node from one scrape to the next.
  struct Known {
    Phase phase = Phase::kPending;
    SteadyTime events_due{};
    std::optional<double> processes;  ///< as /events said last
    std::optional<CpuSeconds> cpu;
  };

  void take_inventory();
  void take_demand();
  void begin_due();
  void begin(const Host& host, SteadyTime due);
  void ask(Scrape scrape, HttpRequest request);
  bool slow_allowed() const;
  bool is_under_way(const std::string& name) const;
  std::chrono::milliseconds until_next() const;

  void on_answer(HttpAnswer& answer);
  void take_page(Scrape& scrape, const HttpAnswer& answer);
  void take_events(Scrape& scrape, const HttpAnswer& answer);
  void end(Scrape scrape);
  void end_probes();
  void finish(Scrape scrape);
  void log_change(const Host& host, const ScrapeResult& result);

  const ScraperSettings settings_;
  const Shared shared_;
  const Scraper::Observer observer_;
  ScrapePlan plan_;
  IntakeDesk desk_;
  HostProbe probe_;
  std::uint64_t inventory_version_ = 0;
  std::unordered_map<std::uint64_t, Scrape> in_flight_;
  std::list<Probe> probes_;
  std::size_t slow_in_flight_ = 0;
  std::vector<std::string> wanted_;  ///< somebody waits, and there was no place yet
  std::unordered_map<std::string, Known> known_;
};

}  // namespace piman::manager
