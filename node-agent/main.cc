// SPDX-License-Identifier: Apache-2.0
// The node agent's wiring: flags, collectors, HTTP server, until a signal.
#include <malloc.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/http/server.h"
#include "common/log.h"
#include "common/shutdown.h"
#include "common/text.h"
#include "node-agent/all_collectors.h"
#include "node-agent/board_poller.h"
#include "node-agent/board_watch.h"
#include "node-agent/collector_set.h"
#include "node-agent/event_source.h"
#include "node-agent/options.h"
#include "node-agent/prefault.h"
#include "node-agent/web.h"

namespace {

using namespace piman;
using namespace piman::agent;

constexpr int kExitUsage = 2;
constexpr int kExitFailure = 1;
constexpr int kHeapBytes = 1024 * 1024;  ///< what the agent holds after its first scrapes

std::vector<CollectorSet::Named> make_collectors(Options& options) {
  std::vector<CollectorSet::Named> made;
  for (const CollectorEntry& entry : all_collectors()) {
    const std::string name(entry.name);
    if (std::find(options.enabled.begin(), options.enabled.end(), name) == options.enabled.end()) continue;
    auto collector = entry.make(options.collectors);
    if (collector) {
      made.push_back({name, std::move(*collector)});
    } else {
      options.problems.push_back(collector.error().message);
    }
  }
  return made;
}

int serve(const Options& options, std::vector<CollectorSet::Named> collectors, Logger& log) {
  const ShutdownSignals signals;
  const Clock clock;
  CollectorSet set(std::move(collectors), log);
  EventSource events(options.collectors.paths, clock);
  const BoardPoller poller(options.collectors.board);
  Web web(options, set, events, log);
  http::Router router;
  web.add_routes(router);
  http::ServerOptions server_options;
  server_options.listen = options.listen;
  server_options.max_body_bytes = 1024;  // nothing here takes a body
  server_options.web_config_file = options.web_config_file;
  const auto server = http::Server::start(server_options, router, log);
  if (!server) {
    std::fprintf(stderr, "piman-node-agent: %s\n", server.error().message.c_str());
    return kExitFailure;
  }
  for (const std::uint16_t port : (*server)->ports()) {
    log.info("listening", {{"port", concat(port)},
                           {"tls", (*server)->has_tls() ? "true" : "false"},
                           {"version", PIMAN_VERSION},
                           {"collectors", concat(set.names().size())}});
  }
  while (signals.wait() == SIGHUP) (*server)->reload();
  log.info("stopping");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  // One heap for all threads: they hardly ever allocate at the same time, and a heap a thread would grow page by page.
  ::mallopt(M_ARENA_MAX, 1);
  // It has its memory from the start, in one piece, and keeps it: what is given back is asked for again by every
  // scrape.
  ::mallopt(M_MMAP_THRESHOLD, 2 * kHeapBytes);
  ::mallopt(M_TRIM_THRESHOLD, 2 * kHeapBytes);
  ::mallopt(M_TOP_PAD, kHeapBytes / 4);
  prefault_program();
  prefault_heap(kHeapBytes);
  Options options = parse_options(std::span<const char* const>(argv, static_cast<std::size_t>(argc)).subspan(1));
  if (options.help) {
    std::fputs(agent_help().c_str(), stdout);
    return 0;
  }
  if (options.help_man) {
    std::fputs(agent_man_page().c_str(), stdout);
    return 0;
  }
  if (options.version) {
    std::puts("piman-node-agent " PIMAN_VERSION);
    return 0;
  }
  Logger log(options.log_level, options.log_format);
  options.collectors.warn = [&log](std::string_view collector, std::string_view problem) {
    log.warn("collector goes on in spite of a problem",
             {{"collector", std::string(collector)}, {"err", std::string(problem)}});
  };
  options.collectors.board = board_watch_of(options.collectors);
  std::vector<CollectorSet::Named> collectors = make_collectors(options);
  for (const std::string& problem : options.problems) {
    std::fprintf(stderr, "piman-node-agent: %s\n", problem.c_str());
  }
  if (!options.problems.empty()) return kExitUsage;
  return serve(options, std::move(collectors), log);
}
