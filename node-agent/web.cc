// SPDX-License-Identifier: Apache-2.0
#include "node-agent/web.h"

#include <algorithm>
#include <array>

#include "common/event.h"
#include "common/text.h"

namespace piman::agent {
namespace {

/// Left for sending the page, of what Prometheus grants for the whole scrape.
constexpr std::chrono::milliseconds kSendTime{500};
constexpr std::array<int, 3> kCountedStatuses = {200, 500, 503};

prometheus::Gauge& make_in_flight(prometheus::Registry& registry) {
  return prometheus::BuildGauge()
      .Name("promhttp_metric_handler_requests_in_flight")
      .Help("Scrapes being served now.")
      .Register(registry)
      .Add({});
}

/// Prometheus says how long it will wait; a page that comes later is wasted.
ScrapeLimits limits_of(const http::Request& request) {
  ScrapeLimits limits;
  const auto seconds = parse_double(request.header("X-Prometheus-Scrape-Timeout-Seconds"));
  if (!seconds || !(*seconds > 0) || *seconds > 3600) return limits;
  const auto granted = std::chrono::milliseconds(static_cast<std::int64_t>(*seconds * 1000));
  limits.whole = granted > 2 * kSendTime ? granted - kSendTime : granted / 2;
  limits.per_collector = std::min(limits.per_collector, limits.whole);
  return limits;
}

/// Counts a scrape as running for a scope, and knows whether there were already too many.
class RunningScrape {
 public:
  RunningScrape(std::atomic<std::size_t>& running, prometheus::Gauge& gauge)
      : running_(running), gauge_(gauge), before_(running.fetch_add(1)) {
    gauge_.Increment();
  }
  ~RunningScrape() {
    gauge_.Decrement();
    running_.fetch_sub(1);
  }
  RunningScrape(const RunningScrape&) = delete;
  RunningScrape& operator=(const RunningScrape&) = delete;
  bool is_beyond(std::size_t most) const { return most != 0 && before_ >= most; }

 private:
  std::atomic<std::size_t>& running_;
  prometheus::Gauge& gauge_;
  std::size_t before_;
};

}  // namespace

Web::Web(const Options& options, CollectorSet& collectors, EventSource& events, Logger& log)
    : options_(options),
      collectors_(collectors),
      events_(events),
      board_(board_watch_of(options.collectors)),
      log_(log),
      in_flight_(make_in_flight(registry_)),
      build_info_("piman_agent_build_info", prom_text::Type::kGauge, "Always 1; the label holds the agent's version."),
      process_(options.collectors.paths) {
  auto& requests = prometheus::BuildCounter()
                       .Name("promhttp_metric_handler_requests_total")
                       .Help("Scrapes served, by HTTP status code.")
                       .Register(registry_);
  for (const int status : kCountedStatuses) requests_[status] = &requests.Add({{"code", concat(status)}});
}

void Web::add_routes(http::Router& router) {
  router.add("GET", options_.telemetry_path, [this](const http::Request& request) { return metrics(request); });
  for (const char* path : {"/events", "/event", "/event/"}) {
    router.add("GET", path, [this](const http::Request& request) { return this->events(request); });
  }
  router.add("GET", "/healthz", [](const http::Request&) { return http::Response::text(200, "ok\n"); });
  router.add("GET", "/", [this](const http::Request&) { return landing_page(); });
  router.on_exception([this](const http::Request& request, std::string_view what) {
    log_.error("handler failed", {{"path", request.path}, {"err", std::string(what)}});
  });
}

void Web::count(int status) {
  const auto found = requests_.find(status);
  if (found != requests_.end()) found->second->Increment();
}

http::Response Web::metrics(const http::Request& request) {
  const RunningScrape running(running_, in_flight_);
  if (running.is_beyond(options_.max_requests)) {
    count(503);
    return http::Response::text(
        503, concat("more than ", options_.max_requests, " scrapes at a time; see --web.max-requests\n"));
  }
  const auto selected = selection(request);
  if (!selected) return http::Response::text(400, selected.error().message + "\n");
  http::Response response = metrics_page(request, *selected);
  count(response.status);
  return response;
}

http::Response Web::events(const http::Request& request) {
  const std::vector<std::string> since = http::query_values(request.query, "since");
  if (since.empty()) return http::Response::json(200, encode(events_.read()));
  const auto id = parse_u64(since.front());
  if (!id || since.size() > 1) {
    return http::Response::text(400, concat("since: ", quote(since.back()), " is not one number of an event\n"));
  }
  NodeEvent event = events_.read();
  event.boot_id = board_->boot_id();
  event.events = board_->events().since(*id, std::chrono::system_clock::now(), std::chrono::steady_clock::now());
  return http::Response::json(200, encode(event));
}

http::Response Web::metrics_page(const http::Request& request, const std::vector<std::size_t>& selected) {
  const MutexLock lock(page_mutex_);
  page_.reset(prom_text::negotiate(request.header("Accept")));
  collectors_.scrape(selected, limits_of(request), page_);
  page_.family(build_info_);
  page_.sample({{"version", PIMAN_VERSION}}, std::uint64_t{1});
  if (options_.exporter_metrics) {
    process_.write(page_);
    write_registry(registry_, page_);
  }
  page_.finish();
  http::Response response;
  response.content_type = prom_text::content_type(page_.format());
  if (http::accepts_gzip(request.header("Accept-Encoding"))) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    gzip_.compress(page_.text(), response.body);
  } else {
    response.body = page_.release();
  }
  return response;
}

Result<std::vector<std::size_t>> Web::selection(const http::Request& request) const {
  const std::vector<std::string>& names = collectors_.names();
  const std::vector<std::string> wanted = http::query_values(request.query, "collect[]");
  const std::vector<std::string> unwanted = http::query_values(request.query, "exclude[]");
  if (!wanted.empty() && !unwanted.empty()) return fail("collect[] and exclude[] can't be used together");
  const auto contains = [](const std::vector<std::string>& list, const std::string& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  for (const auto* list : {&wanted, &unwanted}) {
    for (const std::string& name : *list) {
      if (!contains(names, name)) return fail(concat("no enabled collector is called ", quote(name)));
    }
  }
  std::vector<std::size_t> selected;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if ((wanted.empty() || contains(wanted, names[i])) && !contains(unwanted, names[i])) selected.push_back(i);
  }
  return selected;
}

http::Response Web::landing_page() const {
  return http::Response::html(
      concat("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
             "<meta name=\"viewport\" content=\"width=device-width\"><title>piman node agent</title></head>\n"
             "<body><h1>piman node agent</h1><p>Version ",
             PIMAN_VERSION, "</p>\n<ul><li><a href=\"", options_.telemetry_path,
             "\">Metrics</a> for Prometheus</li>\n<li><a href=\"/events\">Events</a> as JSON</li>\n"
             "<li><a href=\"/healthz\">Health</a></li></ul></body></html>\n"));
}

}  // namespace piman::agent
