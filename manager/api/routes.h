// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/http_types.h"
#include "common/log.h"
#include "common/prom_text.h"
#include "manager/api/json.h"
#include "manager/api/listing_json.h"
#include "manager/api/node_page.h"
#include "manager/config.h"
#include "manager/fleet/fleet.h"
#include "manager/fleet/selection.h"
#include "manager/self_metrics.h"

/// Every route of the manager: its API, its metrics, the nodes' pages passed on, and the fleet page. docs/http_api.md
/// describes them to users.
namespace piman::manager {

/// What the routes answer from. All references must outlive the router.
struct ApiContext {
  const Config& config;
  const Fleet& fleet;
  SelfMetrics& self_metrics;
  std::function<bool()> is_ready;  ///< safe to call from any thread
  Logger& log;
  WallTime started;
  std::function<void(prom_text::Writer&)> write_more_metrics = {};  ///< safe to call from any thread; may be none
  LabelOf label_of = {};  ///< of nodes, beside `phase` and `stuck`; safe to call from any thread; may be none
  api::ScrapeNow scrape_now = {};
  std::function<std::string()> inventory_problem = {};  ///< safe to call from any thread; may be none
  std::vector<api::ConfigEntry> config_entries = {};    ///< the configuration in effect, for people
};

/// What answers say beside the fleet, as of now.
api::ServerFacts server_facts(const ApiContext& context);

/// Thread-safety: the handlers run on the server's threads, several at once.
void add_routes(http::Router& router, const ApiContext& context);

}  // namespace piman::manager
