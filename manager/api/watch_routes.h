// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/http_types.h"
#include "manager/api/change_guard.h"
#include "manager/config.h"
#include "manager/fleet/fleet.h"
#include "manager/watch/watcher.h"

/// The routes of alerts and silences, and the one to which Alertmanager sends its steady signal. docs/http_api.md
/// describes them to users.
namespace piman::manager {

/// What they answer from. All references must outlive the router.
struct WatchApiContext {
  const Config& config;
  const Fleet& fleet;
  watch::Watcher& watcher;
  api::ChangeGuard guard;
};

/// Thread-safety: the handlers run on the server's threads, several at once.
void add_watch_routes(http::Router& router, const WatchApiContext& context);
/// The same routes where nothing is watched: they say so.
void add_routes_without_watch(http::Router& router);

}  // namespace piman::manager
