// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/http_types.h"
#include "common/log.h"
#include "common/prom_text.h"
#include "common/result.h"
#include "manager/api/change_guard.h"
#include "manager/boots/recorder.h"
#include "manager/config.h"
#include "manager/fleet/fleet.h"
#include "manager/inventory_hosts.h"
#include "manager/inventory_loader.h"
#include "manager/netboot_metrics.h"
#include "manager/store/store.h"

/// The manager's side of netboot as one piece: whom netboot asks (hosts, leases) and whom it tells (observer).
namespace piman::manager {

/// Thread-safety: the parts are safe to use from any thread; start, add_routes and the destructor belong to one.
class NetbootRecords {
 public:
  /// Reads assignments and joins the loader. All references must outlive it.
  /// Errors: the store's, in words that say what to do.
  static Result<std::unique_ptr<NetbootRecords>> start(const Config& config, Fleet& fleet, InventoryLoader& loader,
                                                       Store& store, Logger& log);
  /// Netboot must be gone by then: it uses all of this.
  ~NetbootRecords();
  NetbootRecords(const NetbootRecords&) = delete;
  NetbootRecords& operator=(const NetbootRecords&) = delete;

  Recorder& observer() { return *recorder_; }
  const netboot::HostDirectory& hosts() const { return hosts_; }
  /// `accepted` is told of machines that are taken in.
  void add_routes(http::Router& router, std::function<void(const MacAddress&)> accepted, api::ChangeGuard guard);
  void write_metrics(prom_text::Writer& out);

 private:
  /// Boots are counted, and are facts of their nodes' phases.
  class Listener final : public NetbootListener {
   public:
    Listener(NetbootMetrics& metrics, Fleet& fleet) : metrics_(metrics), fleet_(fleet) {}
    void count(const NetbootEvent& event) override { metrics_.count(event); }
    void count_end(const EndedBoot& boot) override { metrics_.count_end(boot); }
    void note(const std::string& node, const BootFact& fact, WallTime at) override { fleet_.note_boot(node, fact, at); }

   private:
    NetbootMetrics& metrics_;
    Fleet& fleet_;
  };

  NetbootRecords(const Config& config, Fleet& fleet, InventoryLoader& loader, Store& store, Logger& log);
  void take_hosts(const std::vector<Host>& hosts);

  const Config& config_;
  Fleet& fleet_;
  InventoryLoader& loader_;
  Store& store_;
  Logger& log_;
  const Clock clock_;
  InventoryHosts hosts_;
  NetbootMetrics metrics_;
  Listener listener_{metrics_, fleet_};
  std::unique_ptr<Recorder> recorder_;  // last: it uses all of the above
};

/// The same routes where netboot is off: they say so.
void add_routes_without_netboot(http::Router& router);

}  // namespace piman::manager
