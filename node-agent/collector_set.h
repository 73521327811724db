// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/log.h"
#include "common/mutex.h"
#include "common/prom_text.h"
#include "node-agent/collector.h"

namespace piman::agent {

/// How long a scrape may take.
struct ScrapeLimits {
  std::chrono::milliseconds per_collector{3000};
  std::chrono::milliseconds whole{9000};
};

/// The enabled collectors, run one after another on a thread of their own. A collector that hangs (a dead NFS server,
/// a stuck sysfs file) costs one scrape its deadline: it keeps that thread, is reported with success 0 and left out
/// until it comes back, and the others go on with a new thread. So there is never more than one thread a collector.
/// A collector that finds nothing to report on (no such hardware, no such kernel module) is asked again after
/// kAbsenceIsBelieved: failing look-ups for a dozen absent subjects would cost as much as the present ones.
/// Thread-safety: scrape() may be called from any thread; scrapes run one at a time.
class CollectorSet {
 public:
  struct Named {
    std::string name;
    std::shared_ptr<Collector> collector;
  };

  static constexpr std::chrono::seconds kAbsenceIsBelieved{300};

  /// `log` must outlive the set.
  CollectorSet(std::vector<Named> collectors, Logger& log);
  ~CollectorSet();
  CollectorSet(const CollectorSet&) = delete;
  CollectorSet& operator=(const CollectorSet&) = delete;

  const std::vector<std::string>& names() const { return names_; }

  /// Appends the families of the collectors in `selected` (indexes into names()), and
  /// node_scrape_collector_duration_seconds and _success for each of them.
  void scrape(const std::vector<std::size_t>& selected, const ScrapeLimits& limits, prom_text::Writer& out);

 private:
  struct Verdict {
    bool success = false;
    bool absent = false;
    double seconds = 0;
  };
  class Runner;

  void run_selected(const std::vector<std::size_t>& selected, const ScrapeLimits& limits, prom_text::Writer& out)
      PIMAN_REQUIRES(scrape_mutex_);
  /// Runs collectors until one hangs or the deadline passes. Returns those that were not started.
  std::vector<std::size_t> run_round(const std::vector<std::size_t>& due, const ScrapeLimits& limits,
                                     SteadyTime deadline, prom_text::Writer& out) PIMAN_REQUIRES(scrape_mutex_);
  void log_change(std::size_t index, const Verdict& verdict, const std::string& reason) PIMAN_REQUIRES(scrape_mutex_);

  std::vector<std::string> names_;
  std::vector<std::shared_ptr<Collector>> collectors_;
  std::vector<prom_text::Labels> labels_;
  Logger& log_;
  prom_text::Family duration_;
  prom_text::Family success_;

  Mutex scrape_mutex_;
  std::shared_ptr<Runner> runner_ PIMAN_GUARDED_BY(scrape_mutex_);
  std::vector<std::shared_ptr<Runner>> stuck_ PIMAN_GUARDED_BY(scrape_mutex_);  ///< by collector; null: not stuck
  std::vector<SteadyTime> absent_until_ PIMAN_GUARDED_BY(scrape_mutex_);        ///< by collector
  std::vector<Verdict> verdicts_ PIMAN_GUARDED_BY(scrape_mutex_);
  std::vector<std::string> reported_ PIMAN_GUARDED_BY(scrape_mutex_);  ///< by collector: the failure last logged
};

}  // namespace piman::agent
