// SPDX-License-Identifier: Apache-2.0
#include "manager/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string_view>
#include <utility>

#include "common/clock.h"
#include "common/http/server.h"
#include "common/text.h"
#include "manager/api/routes.h"
#include "manager/boots/recorder.h"
#include "manager/fleet/assignments.h"
#include "manager/fleet/fleet.h"
#include "manager/fleet/inventory.h"
#include "manager/inventory_hosts.h"
#include "manager/netboot_server.h"
#include "manager/scrape/scraper.h"
#include "manager/self_metrics.h"
#include "manager/store/store.h"

namespace piman::manager {
namespace {

constexpr std::size_t kMostHistoryPoints = 2000;  // 24 bytes each, for every node
constexpr std::size_t kMostRequestBytes = 64UL * 1024;

std::size_t history_points(const Config& config) {
  return std::min(static_cast<std::size_t>(config.scrape.history / config.scrape.interval) + 1, kMostHistoryPoints);
}

ScraperSettings scraper_settings(const Config& config) {
  ScraperSettings settings;
  settings.agent_port = config.agents.port;
  settings.interval = config.scrape.interval;
  settings.timeout = config.scrape.timeout;
  settings.max_backoff = config.scrape.max_backoff;
  settings.max_in_flight = config.scrape.max_in_flight;
  settings.max_page_bytes = config.scrape.max_page_bytes;
  return settings;
}

/// A kept connection to every node needs more descriptors than the usual soft limit of 1024.
void raise_descriptor_limit(Logger& log) {
  ::rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) return;
  log.warn("can't raise the limit of open files");
}

void log_problems(Logger& log, const std::string& file, const ParsedInventory& inventory) {
  for (const InventoryProblem& problem : inventory.problems) {
    log.warn("inventory problem", {{"problem", problem.to_string(file)}});
  }
}

/// Everybody who goes by the inventory.
struct Listeners {
  Fleet& fleet;
  InventoryHosts& hosts;
  Recorder* recorder;  ///< null where nothing boots from here
};

void set_inventory(const Config& config, const ParsedInventory& inventory, const Listeners& to, Logger& log) {
  to.fleet.set_inventory(inventory.hosts, std::chrono::system_clock::now());
  ParsedAssignments assignments;
  if (config.netboot.enabled) {
    const std::string file = concat(config.netboot.root, "/assignments.csv");
    if (auto read = read_assignments(file)) {
      assignments = std::move(*read);
      for (const auto& problem : assignments.problems) {
        log.warn("assignments problem", {{"problem", problem.to_string(file)}});
      }
      for (const auto& problem : unknown_nodes(assignments, inventory.hosts)) {
        log.warn("assignments problem", {{"problem", problem.to_string(file)}});
      }
    } else {
      log.error("the assignments can't be read: all nodes boot the default image", {{"err", read.error().message}});
    }
  }
  to.hosts.set(inventory.hosts, assignments);
  if (to.recorder != nullptr) to.recorder->inventory_changed();
}

/// At start-up the good lines count: a fleet with one bad line is better watched than not.
void load_inventory(const Config& config, const Listeners& to, Logger& log) {
  const std::string& file = config.inventory.hosts_file;
  const auto inventory = read_inventory(file);
  if (!inventory) {
    log.error("the inventory can't be read: no node is watched until it is and SIGHUP comes",
              {{"err", inventory.error().message}});
    return;
  }
  log_problems(log, file, *inventory);
  set_inventory(config, *inventory, to, log);
  log.info("inventory loaded", {{"file", file}, {"hosts", concat(inventory->hosts.size())}});
}

/// Later a file with any problem is refused as a whole: it may be half written.
void reload_inventory(const Config& config, const Listeners& to, Logger& log) {
  const std::string& file = config.inventory.hosts_file;
  const auto inventory = read_inventory(file);
  if (!inventory) {
    log.error("inventory not reloaded: the old one stays", {{"err", inventory.error().message}});
  } else if (!inventory->problems.empty()) {
    log_problems(log, file, *inventory);
    log.error("inventory not reloaded: the old one stays",
              {{"file", file}, {"problems", concat(inventory->problems.size())}});
  } else {
    set_inventory(config, *inventory, to, log);
    log.info("inventory reloaded; the configuration is read at start-up only",
             {{"file", file}, {"hosts", concat(inventory->hosts.size())}});
  }
}

struct NoCounts final : NetbootListener {
  void count(const NetbootEvent&) override {}
  void count_end(const EndedBoot&) override {}
};

/// The parts that only a manager has that boots nodes, in the order in which they are made.
struct Netboot {
  std::unique_ptr<Store> store;
  std::unique_ptr<Recorder> recorder;
  std::unique_ptr<NetbootServer> server;
};

StoreSettings store_settings(const Config& config) {
  StoreSettings settings;
  settings.folder = config.store.folder;
  settings.journal_delay = config.store.journal_delay;
  settings.survives_power_loss = config.store.survives_power_loss;
  return settings;
}

Result<void> open_store(const Config& config, const InventoryHosts& hosts, NetbootListener& listener,
                        const Clock& clock, Logger& log, Netboot& netboot) {
  auto store = Store::open(store_settings(config), log);
  if (!store) return fail(store.error().message);
  netboot.store = std::move(*store);
  RecorderSettings settings;
  settings.records_pending = config.dhcp.unknown_hosts != Config::Dhcp::Unknown::kIgnore;
  auto recorder = Recorder::start(settings, hosts, *netboot.store, listener, clock, log);
  if (!recorder) return fail(recorder.error().message);
  netboot.recorder = std::move(*recorder);
  return {};
}

int fail_start(const Error& error) {
  std::fprintf(stderr, "piman: %s\n", error.message.c_str());
  return 1;
}

}  // namespace

int run_server(const Config& config, Logger& log, const ShutdownSignals& signals) {
  const WallTime started = std::chrono::system_clock::now();
  raise_descriptor_limit(log);

  Fleet fleet(history_points(config));
  SelfMetrics self_metrics(config, started);
  const Clock clock;
  InventoryHosts hosts;
  NoCounts counts;
  Netboot netboot;
  if (config.netboot.enabled) {
    if (auto opened = open_store(config, hosts, counts, clock, log, netboot); !opened) {
      return fail_start(opened.error());
    }
  }
  const Listeners inventory_listeners{fleet, hosts, netboot.recorder.get()};
  load_inventory(config, inventory_listeners, log);
  if (config.netboot.enabled) {
    auto server = NetbootServer::start(config, hosts, *netboot.store, *netboot.recorder, log);
    if (!server) return fail_start(server.error());
    netboot.server = std::move(*server);
    log.info("nodes may boot", {{"root", config.netboot.root}});
  }

  const auto scraper = Scraper::start(
      scraper_settings(config), fleet,
      [&self_metrics](const ScrapeResult& result) { self_metrics.count_scrape(result); }, log);
  if (!scraper) return fail_start(scraper.error());

  http::Router router;
  router.on_exception([&log](const http::Request& request, std::string_view what) {
    log.error("request failed", {{"path", request.path}, {"err", std::string(what)}});
  });
  const ApiContext context{config, fleet,  self_metrics, [&scraper] { return (*scraper)->first_round_done(); },
                           log,    started};
  add_routes(router, context);
  http::ServerOptions options;
  options.listen = {config.web.listen_address};
  options.threads = config.web.threads;
  options.max_body_bytes = kMostRequestBytes;
  // Declared last and so destroyed first: no request may be running when the parts it asks go.
  const auto server = http::Server::start(options, router, log);
  if (!server) return fail_start(server.error());
  log.info("listening", {{"address", config.web.listen_address.to_string()},
                         {"url", external_url(config, {})},
                         {"site", config.site},
                         {"version", PIMAN_VERSION}});

  for (;;) {
    const int signal = signals.wait();
    if (signal != SIGHUP) {
      log.info("stopping", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
      return 0;
    }
    reload_inventory(config, inventory_listeners, log);
    (*scraper)->wake();
  }
}

}  // namespace piman::manager
