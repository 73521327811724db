// SPDX-License-Identifier: Apache-2.0
#include "manager/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/clock.h"
#include "common/http/server.h"
#include "common/text.h"
#include "manager/api/api_token.h"
#include "manager/api/change_guard.h"
#include "manager/api/event_routes.h"
#include "manager/api/live_routes.h"
#include "manager/api/routes.h"
#include "manager/api/watch_routes.h"
#include "manager/config_keys.h"
#include "manager/fleet/fleet.h"
#include "manager/inventory_loader.h"
#include "manager/inventory_watch.h"
#include "manager/live_sources.h"
#include "manager/login_service.h"
#include "manager/netboot_records.h"
#include "manager/netboot_server.h"
#include "manager/node_certificates.h"
#include "manager/order_service.h"
#include "manager/phase_journal.h"
#include "manager/privileges.h"
#include "manager/scrape/scraper.h"
#include "manager/self_metrics.h"
#include "manager/store/journal.h"
#include "manager/store/store.h"
#include "manager/watch/watch_metrics.h"
#include "manager/watch_service.h"

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
  settings.max_samples = config.scrape.max_samples;
  settings.access = config.agents.access;
  return settings;
}

Result<std::unique_ptr<Store>> open_store(const Config& config, Logger& log) {
  StoreSettings settings;
  settings.folder = config.store.folder;
  settings.journal_delay = config.store.journal_delay;
  settings.survives_power_loss = config.store.survives_power_loss;
  settings.journal.most_entries = config.store.journal_entries;
  settings.journal.longest_age = config.store.journal_age;
  return Store::open(settings, log);
}

/// Watching needs no store: on a card that became read-only it goes on, and remembers as long as the program runs.
bool keeps_alerts(const Config& config, Logger& log) {
  if (!config.watch.enabled) return false;
  const auto usable = check_store_folder(config.store.folder);
  if (!usable) {
    log.error("alerts and silences are kept in memory only: what fires is told again after a restart",
              {{"err", usable.error().message}});
  }
  return usable.has_value();
}

/// A kept connection to every node needs more descriptors than the usual soft limit of 1024.
void raise_descriptor_limit(Logger& log) {
  ::rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) return;
  log.warn("can't raise the limit of open files");
}

/// What a node is called beside its name, for whoever chooses nodes.
std::string label_of(const Config& config, const NetbootRecords* records, OrderService* orders, const Host& host,
                     std::string_view label) {
  if (label == "installed") {
    const auto card = orders == nullptr ? std::nullopt : orders->desk().card(host.mac);
    if (!card || card->state != CardRecord::State::kInstalled) return {};
    return card->version.empty() ? card->image : concat(card->image, '@', card->version);
  }
  if (label == "switch") {
    const power::SwitchConfig* power_switch = config.power.switch_of(host.name);
    return power_switch == nullptr ? std::string() : power_switch->name;
  }
  if (records == nullptr) return {};
  const auto hosts = records->hosts().hosts();
  const netboot::Host* known = hosts->find(host.mac);
  if (known == nullptr) return {};
  if (label == "group") return known->group;
  return label == "image" ? known->image : std::string();
}

/// The configuration in effect, as its file would say it.
std::vector<api::ConfigEntry> entries_of(const Config& config) {
  const Config defaults;
  std::vector<api::ConfigEntry> entries;
  for (const ConfigKey& key : config_keys()) {
    const std::string value = key.show(config);
    entries.push_back({key.full_name(), value, value == key.show(defaults)});
  }
  return entries;
}

/// Who has the server's own token needs no other one, as a request has one Authorization header only.
Result<void> set_web_config(http::ServerOptions& options, const Config& config, bool has_token) {
  options.web_config_file = config.web.config_file;
  if (options.web_config_file.empty() || !has_token) return {};
  const auto guard = api::make_guard(config);
  if (!guard) return tl::unexpected<Error>(guard.error());
  options.also_admits = [token = guard->token](const http::Request& request) { return api::has_token(request, token); };
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
  drop_privileges(config.netboot.enabled, log);

  Fleet fleet(history_points(config), config.phases);
  SelfMetrics self_metrics(config, started);
  InventoryLoader inventory(fleet, config.inventory.hosts_file, log);
  const FileRest::Mark inventory_mark = InventoryWatch::mark(config.inventory.hosts_file);
  inventory.load();
  const bool takes_orders = config.netboot.enabled || !config.power.switches.empty();
  std::unique_ptr<Store> store;
  if (takes_orders || keeps_alerts(config, log)) {
    auto opened = open_store(config, log);
    if (!opened) return fail_start(opened.error());
    store = std::move(*opened);
    log.info("what must not be forgotten is kept", {{"folder", config.store.folder}});
  }
  // Where nothing else must be remembered, events are remembered as long as the program runs. Ids go on from the clock.
  JournalSettings journal_settings;
  journal_settings.most_entries = config.store.journal_entries;
  journal_settings.longest_age = config.store.journal_age;
  Journal own_journal(journal_settings, static_cast<std::uint64_t>(unix_seconds(started)), nullptr);
  PhaseJournal phase_journal;
  std::unique_ptr<NetbootRecords> netboot_records;
  if (takes_orders) {
    auto started_records = NetbootRecords::start(config, fleet, inventory, *store, log);
    if (!started_records) return fail_start(started_records.error());
    netboot_records = std::move(*started_records);
  }
  Journal& journal = store ? store->journal() : own_journal;
  fleet.on_phase([&journal, &phase_journal](const PhaseChange& change) {
    if (auto entry = phase_journal.entry_of(change)) journal.append(std::move(*entry));
  });
  std::unique_ptr<OrderService> orders;
  if (netboot_records) {
    const auto note_install = [&fleet](const netboot::install::InstallEvent& event) {
      if (const auto fact = install_fact(event)) {
        fleet.note_install(event.node.name, *fact, std::chrono::system_clock::now());
      }
    };
    auto started_orders = OrderService::start(config, fleet, *store, note_install, log);
    if (!started_orders) return fail_start(started_orders.error());
    orders = std::move(*started_orders);
  }
  if (orders && !config.agents.ca_dir.empty()) {
    auto certificates = NodeCertificates::open(config.agents.ca_dir, config.agents.access.server_name, log);
    if (!certificates) return fail_start(certificates.error());
    orders->image_routes().sign_with(
        [certificates = std::move(*certificates)](const std::string& request, const netboot::Host& node) {
          return certificates.sign(request, node);
        });
  }
  std::unique_ptr<NetbootServer> netboot_server;
  if (config.netboot.enabled) {
    const InstallSide install{orders->desk(), orders->desk(), orders->image_routes(),
                              [&orders](const netboot::Host& node) { return orders->group_of(node); }};
    auto started_server =
        NetbootServer::start(config, netboot_records->hosts(), *store, netboot_records->observer(), &install, log);
    if (!started_server) return fail_start(started_server.error());
    netboot_server = std::move(*started_server);
    log.info("nodes may boot", {{"root", config.netboot.root}});
  }

  std::unique_ptr<WatchService> watch;
  if (config.watch.enabled) {
    auto started_watch = WatchService::start(config, fleet, store.get(), log);
    if (!started_watch) return fail_start(started_watch.error());
    watch = std::move(*started_watch);
  }

  const auto scraper = Scraper::start(
      scraper_settings(config), fleet,
      [&self_metrics](const ScrapeResult& result) { self_metrics.count_scrape(result); }, log);
  if (!scraper) return fail_start(scraper.error());

  const InventoryWatch inventory_watch(inventory, inventory_mark);
  auto logins = LoginService::start(config, store != nullptr, log);
  if (!logins) return fail_start(logins.error());
  http::Router router;
  (*logins)->add_routes(router);
  router.on_exception([&log](const http::Request& request, std::string_view what) {
    log.error("request failed", {{"path", request.path}, {"err", std::string(what)}});
  });
  const ApiContext context{
      config,
      fleet,
      self_metrics,
      [&scraper] { return (*scraper)->first_round_done(); },
      log,
      started,
      [&config, &inventory, &netboot_records, &netboot_server, &orders, &watch](prom_text::Writer& out) {
        write_inventory_metrics(out, inventory);
        if (netboot_records) netboot_records->write_metrics(out);
        if (netboot_server) write_pool_metrics(out, netboot_server->pool_use());
        if (orders) orders->write_metrics(out);
        if (watch) {
          watch->write_metrics(out);
        } else {
          watch::write_threshold_metrics(out, config.site, config.watch);
        }
      },
      [&config, &netboot_records, &orders](const Host& host, std::string_view label) {
        return label_of(config, netboot_records.get(), orders.get(), host, label);
      },
      [&scraper](const std::string& name, std::chrono::milliseconds most) {
        return (*scraper)->scrape_now(name, most);
      },
      [&inventory] { return inventory.problem(); },
      entries_of(config)};
  add_routes(router, context);
  api::LiveHub live({fleet, [&context] { return server_facts(context); },
                     live_sources(journal, netboot_records.get(), orders.get(), watch.get())},
                    most_live_listeners(config.web.threads));
  add_live_routes(router, live);
  if (config.netboot.enabled) {
    netboot_records->add_routes(
        router, [&orders](const MacAddress& mac) { orders->desk().accept(mac); }, (*logins)->guard());
  } else {
    add_routes_without_netboot(router);
  }
  if (orders) {
    orders->add_routes(router, netboot_records->hosts(), &(*logins)->sessions());
  } else {
    add_routes_without_orders(router);
  }
  if (watch) {
    watch->add_routes(router, &(*logins)->sessions());
  } else {
    add_routes_without_watch(router);
  }
  add_event_routes(router, journal, config.web.threads);
  http::ServerOptions options;
  options.listen = {config.web.listen_address};
  options.threads = config.web.threads;
  options.max_body_bytes = kMostRequestBytes;
  if (auto opened = set_web_config(options, config, store != nullptr); !opened) return fail_start(opened.error());
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
    (*server)->reload();
    (void)inventory.reload();  // it logs what is wrong, and the old inventory stays
    (*scraper)->wake();
  }
}

}  // namespace piman::manager
