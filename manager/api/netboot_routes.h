// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "common/http_types.h"
#include "common/log.h"
#include "common/net_types.h"
#include "common/result.h"
#include "manager/api/change_guard.h"
#include "manager/boots/recorder.h"
#include "manager/config.h"
#include "manager/fleet/fleet.h"
#include "manager/fleet/node.h"
#include "manager/store/store.h"

/// The routes of netboot's part of the API: boots, pending hosts, the doctor. docs/http_api.md describes them to users.
namespace piman::manager {

/// What they answer from. All references must outlive the router.
struct NetbootApiContext {
  const Config& config;
  const Fleet& fleet;
  Recorder& recorder;
  Store& store;
  /// Reads the inventory file anew, as SIGHUP does. Called by one thread at a time.
  std::function<Result<void>()> reload_inventory;
  /// A machine was taken in; called before it can boot. May be none.
  std::function<void(const MacAddress&)> accepted;
  Logger& log;
  api::ChangeGuard guard;
};

/// Thread-safety: the handlers run on the server's threads, several at once.
void add_netboot_routes(http::Router& router, const NetbootApiContext& context);

/// Pure: an address for a new node where nobody named one: the first free one above the highest of the inventory in the
/// first subnet, else the first free one; never a pool's, a router's or one of this machine's `own`. Nothing when there
/// is none.
std::optional<Ipv4Address> free_address(const Config::Dhcp& dhcp, std::span<const Host> hosts,
                                        std::span<const Ipv4Address> own);

}  // namespace piman::manager
