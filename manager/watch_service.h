// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "common/http_types.h"
#include "common/log.h"
#include "common/prom_text.h"
#include "common/result.h"
#include "manager/api/change_guard.h"
#include "manager/config.h"
#include "manager/fleet/fleet.h"
#include "manager/store/store.h"
#include "manager/watch/watcher.h"

/// Watching as one piece of the manager: the watcher and its routes.
namespace piman::manager {

/// Thread-safety: start, add_routes and the destructor belong to one thread; write_metrics may be called from any.
class WatchService {
 public:
  /// What is named must outlive it. `store` null: nothing is kept, and without web.token_file there is no token by
  /// which anything could be changed. Errors: what Watcher::start says, or the token can't be read.
  static Result<std::unique_ptr<WatchService>> start(const Config& config, const Fleet& fleet, Store* store,
                                                     Logger& log);

  const watch::Watcher& watcher() const { return *watcher_; }
  void add_routes(http::Router& router, api::Sessions* sessions = nullptr);
  void write_metrics(prom_text::Writer& out) const { watcher_->write_metrics(out); }

 private:
  WatchService(const Config& config, const Fleet& fleet) : config_(config), fleet_(fleet), guard_{config, {}, {}} {}

  const Config& config_;
  const Fleet& fleet_;
  api::ChangeGuard guard_;
  std::unique_ptr<watch::Watcher> watcher_;
};

}  // namespace piman::manager
