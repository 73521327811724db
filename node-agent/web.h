// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/gzip.h"
#include "common/http_types.h"
#include "common/log.h"
#include "common/mutex.h"
#include "common/own_metrics.h"
#include "common/prom_text.h"
#include "node-agent/board_watch.h"
#include "node-agent/collector_set.h"
#include "node-agent/event_source.h"
#include "node-agent/options.h"

namespace piman::agent {

/// The agent's routes: the metrics page, /events (and /event, /event/ of the system before), /healthz, and / which says
/// what this is.
/// Thread-safety: handlers run on any of the server's threads.
class Web {
 public:
  /// All references must outlive the object.
  Web(const Options& options, CollectorSet& collectors, EventSource& events, Logger& log);
  /// `router` refers to this object from then on.
  void add_routes(http::Router& router);

 private:
  http::Response metrics(const http::Request& request);
  /// The present values; with ?since=ID also what happened after that event.
  http::Response events(const http::Request& request);
  http::Response metrics_page(const http::Request& request, const std::vector<std::size_t>& selected);
  /// The collectors that collect[] and exclude[] ask for. Errors: an unknown name.
  Result<std::vector<std::size_t>> selection(const http::Request& request) const;
  http::Response landing_page() const;
  void count(int status);

  const Options& options_;
  CollectorSet& collectors_;
  EventSource& events_;
  const std::shared_ptr<BoardWatch> board_;
  Logger& log_;

  prometheus::Registry registry_;
  prometheus::Gauge& in_flight_;
  std::map<int, prometheus::Counter*> requests_;
  std::atomic<std::size_t> running_{0};
  const prom_text::Family build_info_;

  Mutex page_mutex_;
  prom_text::Writer page_ PIMAN_GUARDED_BY(page_mutex_);
  GzipCompressor gzip_ PIMAN_GUARDED_BY(page_mutex_);
  ProcessMetrics process_ PIMAN_GUARDED_BY(page_mutex_);
};

}  // namespace piman::agent
