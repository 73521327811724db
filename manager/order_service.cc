// SPDX-License-Identifier: Apache-2.0
#include "manager/order_service.h"

#include <chrono>
#include <utility>

#include "common/text.h"
#include "manager/api/change_guard.h"
#include "manager/api/json.h"
#include "manager/api/order_routes.h"
#include "manager/image_shelf.h"

namespace piman::manager {

Result<std::unique_ptr<OrderService>> OrderService::start(const Config& config, Fleet& fleet, Store& store,
                                                          InstallListener on_install, Logger& log) {
  std::unique_ptr<OrderService> service(new OrderService(config, fleet, log));
  auto guard = api::make_guard(config);
  if (!guard) return tl::unexpected<Error>(guard.error());
  service->token_file_ = std::move(guard->token_file);
  service->token_ = std::move(guard->token);
  auto switches = power::PowerControl::make_switches(config.power);
  if (!switches) return fail_with("power.switches", switches.error());
  service->images_ = make_image_shelf(config.install.images);

  BookLimits limits;
  limits.order_lifetime = config.install.order_lifetime;
  limits.start = config.install.start_timeout;
  limits.health = config.install.health_timeout;
  auto desk = OrderDesk::start(
      limits, {store, fleet, *service->images_, service->clock_, log, config.power, std::move(on_install)});
  if (!desk) return tl::unexpected<Error>(desk.error());
  service->desk_ = std::move(*desk);
  service->power_ =
      std::make_unique<power::PowerControl>(config.power, std::move(*switches), *service->desk_, service->actions_);
  // Before anything is switched: they count among those that may be off, and are not down.
  for (const OrderRecord& order : service->desk_->left_off()) {
    service->power_->remember_off(order.node);
    fleet.note_power(order.node, PowerFact{false}, WallTime(std::chrono::milliseconds(order.since_ms)));
  }
  service->desk_->use_power(service->power_.get());
  return service;
}

OrderService::~OrderService() {
  if (desk_) desk_->use_power(nullptr);
  power_.reset();
}

std::string OrderService::group_of(const netboot::Host& node) const {
  const power::SwitchConfig* power_switch = config_.power.switch_of(node.name);
  return power_switch == nullptr ? std::string() : power_switch->name;
}

void OrderService::add_routes(http::Router& router, const netboot::HostDirectory& hosts, api::Sessions* sessions) {
  add_order_routes(router, {config_, fleet_, hosts, *desk_, *images_, token_, token_file_, log_, sessions});
}

void add_routes_without_orders(http::Router& router) {
  const auto answer = [](const http::Request& /*request*/) {
    return http::Response::json(404, api::error_json("orders_off",
                                                     "this manager neither boots nodes nor switches their power: "
                                                     "netboot.enabled is false and power.switches is empty"));
  };
  for (const char* method : {"GET", "POST"}) router.add(method, "/api/v1/actions", answer);
  for (const char* method : {"GET", "DELETE"}) router.add(method, "/api/v1/actions/{id}", answer);
  router.add("GET", "/api/v1/images", answer);
  router.add("GET", "/api/v1/nodes/{name}/installs", answer);
}

}  // namespace piman::manager
