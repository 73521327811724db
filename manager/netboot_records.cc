// SPDX-License-Identifier: Apache-2.0
#include "manager/netboot_records.h"

#include <utility>

#include "common/text.h"
#include "manager/api/json.h"
#include "manager/api/netboot_routes.h"
#include "manager/fleet/assignments.h"

namespace piman::manager {

NetbootRecords::NetbootRecords(const Config& config, Fleet& fleet, InventoryLoader& loader, Store& store, Logger& log)
    : config_(config), fleet_(fleet), loader_(loader), store_(store), log_(log) {}

Result<std::unique_ptr<NetbootRecords>> NetbootRecords::start(const Config& config, Fleet& fleet,
                                                              InventoryLoader& loader, Store& store, Logger& log) {
  std::unique_ptr<NetbootRecords> records(new NetbootRecords(config, fleet, loader, store, log));
  RecorderSettings recorder_settings;
  recorder_settings.limits.boots_per_host = StoreSettings().boots_per_host;
  recorder_settings.records_pending = config.dhcp.unknown_hosts != Config::Dhcp::Unknown::kIgnore;
  auto recorder = Recorder::start(recorder_settings, records->hosts_, store, records->listener_, records->clock_, log);
  if (!recorder) return tl::unexpected<Error>(recorder.error());
  records->recorder_ = std::move(*recorder);
  loader.on_hosts([self = records.get()](const std::vector<Host>& hosts) { self->take_hosts(hosts); });
  return records;
}

NetbootRecords::~NetbootRecords() { loader_.on_hosts({}); }

void NetbootRecords::take_hosts(const std::vector<Host>& hosts) {
  const std::string file = config_.netboot.root + "/assignments.csv";
  auto assignments = read_assignments(file);
  if (!assignments) {
    log_.error("no node is assigned a group or an image", {{"err", assignments.error().message}});
    assignments = ParsedAssignments{};
  }
  std::vector<InventoryProblem> problems = unknown_nodes(*assignments, hosts);
  problems.insert(problems.begin(), assignments->problems.begin(), assignments->problems.end());
  for (const InventoryProblem& problem : problems) {
    log_.warn("assignment problem", {{"problem", problem.to_string(file)}});
  }
  hosts_.set(hosts, *assignments);
  recorder_->inventory_changed();
}

void NetbootRecords::add_routes(http::Router& router, std::function<void(const MacAddress&)> accepted,
                                api::ChangeGuard guard) {
  add_netboot_routes(router, {config_, fleet_, *recorder_, store_, [this] { return loader_.reload(); },
                              std::move(accepted), log_, std::move(guard)});
}

void NetbootRecords::write_metrics(prom_text::Writer& out) { metrics_.write(out, store_.stats(), recorder_->counts()); }

void add_routes_without_netboot(http::Router& router) {
  const auto answer = [](const http::Request& /*request*/) {
    return http::Response::json(
        404, api::error_json("netboot_off", "this manager does not boot nodes: netboot.enabled is false"));
  };
  router.add("GET", "/api/v1/nodes/{name}/boots", answer);
  router.add("GET", "/api/v1/hosts/pending", answer);
  router.add("POST", "/api/v1/hosts", answer);
  router.add("GET", "/api/v1/leases", answer);
  router.add("GET", "/api/v1/doctor", answer);
}

}  // namespace piman::manager
