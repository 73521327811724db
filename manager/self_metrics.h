// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "common/clock.h"
#include "common/prom_text.h"
#include "manager/config.h"
#include "manager/fleet/fleet.h"
#include "manager/fleet/node.h"

/// What the manager says of itself and, in a few series a node, of its fleet: the page at `/metrics`.
namespace piman::manager {

/// Two sources: counters that grow with each scrape, and gauges written from a snapshot of the fleet, so that a node
/// that leaves the inventory leaves the page in the same moment.
///
/// Conventions: every `piman_node_*` and `piman_fleet_*` series carries the site, because alerts are grouped by it. A
/// phase is a state set: one series for each phase, 1 for the present one, so that a query never meets a gap. A node
/// that was never scraped has no `up`; one that isn't up has no load, for what it said last is not so any more.
///
/// Units: base units, named in each family's name and help.
/// Thread-safety: all methods may be called from any thread.
class SelfMetrics {
 public:
  SelfMetrics(const Config& config, WallTime started);
  ~SelfMetrics();
  SelfMetrics(const SelfMetrics&) = delete;
  SelfMetrics& operator=(const SelfMetrics&) = delete;

  void count_scrape(const ScrapeResult& result);
  /// Appends all families. The writer's page is complete after its finish().
  void write(prom_text::Writer& out, const FleetSnapshot& fleet, WallTime now);

 private:
  struct Counters;
  void write_fleet(prom_text::Writer& out, const FleetSnapshot& fleet, WallTime now) const;

  const std::string site_;
  const WallTime started_;
  const std::unique_ptr<Counters> counters_;
};

}  // namespace piman::manager
