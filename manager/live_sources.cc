// SPDX-License-Identifier: Apache-2.0
#include "manager/live_sources.h"

#include <algorithm>

namespace piman::manager {
namespace {

using State = api::LiveSource::State;

State state_of(const std::vector<watch::AlertView>& alerts) {
  State state;
  for (const watch::AlertView& view : alerts) {
    state.mark = api::mixed(state.mark, view.alert.node);
    state.mark = api::mixed(state.mark, view.alert.condition);
    state.mark = api::mixed(state.mark, static_cast<std::uint64_t>(view.state) * 2 + (view.silenced ? 1 : 0));
    state.mark = api::mixed(state.mark, static_cast<std::uint64_t>(view.alert.since_ms));
    if (view.state == watch::AlertState::kFiring && !view.silenced) ++state.count;
  }
  return state;
}

State state_of(const std::vector<PendingHost>& hosts) {
  State state{0, hosts.size()};
  for (const PendingHost& host : hosts) state.mark = api::mixed(state.mark, host.mac.to_string());
  return state;
}

}  // namespace

std::vector<api::LiveSource> live_sources(const Journal& journal, NetbootRecords* records, OrderService* orders,
                                          const WatchService* watch) {
  std::vector<api::LiveSource> sources;
  sources.push_back({"events", [&journal] { return State{journal.last_id(), 0}; }});
  if (watch != nullptr) sources.push_back({"alerts", [watch] { return state_of(watch->watcher().alerts()); }});
  if (orders != nullptr) sources.push_back({"actions", [orders] { return State{orders->desk().changes(), 0}; }});
  if (records != nullptr) {
    sources.push_back({"pending", [records] { return state_of(records->observer().pending()); }});
  }
  return sources;
}

}  // namespace piman::manager
