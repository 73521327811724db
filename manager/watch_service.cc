// SPDX-License-Identifier: Apache-2.0
#include "manager/watch_service.h"

#include <utility>

#include "manager/api/watch_routes.h"

namespace piman::manager {

Result<std::unique_ptr<WatchService>> WatchService::start(const Config& config, const Fleet& fleet, Store* store,
                                                          Logger& log) {
  std::unique_ptr<WatchService> service(new WatchService(config, fleet));
  if (store != nullptr || !config.web.token_file.empty()) {
    auto guard = api::make_guard(config);
    if (!guard) return tl::unexpected<Error>(guard.error());
    service->guard_.token = std::move(guard->token);
    service->guard_.token_file = std::move(guard->token_file);
  }
  auto watcher = watch::Watcher::start({config.watch, config.site, external_url(config, {}), fleet, store, log});
  if (!watcher) return fail_with("watching", watcher.error());
  service->watcher_ = std::move(*watcher);
  return service;
}

void WatchService::add_routes(http::Router& router, api::Sessions* sessions) {
  guard_.sessions = sessions;
  add_watch_routes(router, {config_, fleet_, *watcher_, guard_});
}

}  // namespace piman::manager
