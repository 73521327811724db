// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "common/clock.h"
#include "common/http_types.h"
#include "common/log.h"
#include "common/prom_text.h"
#include "common/result.h"
#include "manager/actions.h"
#include "manager/api/sessions.h"
#include "manager/config.h"
#include "manager/fleet/fleet.h"
#include "manager/http_boot/install_routes.h"
#include "manager/orders/order_desk.h"
#include "manager/power/power_control.h"
#include "manager/store/store.h"
#include "netboot/hosts.h"

/// Orders as one piece of the manager: the desk, the images, the switches, the routes.
namespace piman::manager {

/// Thread-safety: start, add_routes and the destructor belong to one thread; what the parts promise holds for them.
class OrderService {
 public:
  /// All references must outlive it. Errors: a switch's secrets, the token or the stored orders can't be read.
  static Result<std::unique_ptr<OrderService>> start(const Config& config, Fleet& fleet, Store& store,
                                                     InstallListener on_install, Logger& log);
  /// Netboot must be gone by then. Switches on again what a cycle holds off.
  ~OrderService();
  OrderService(const OrderService&) = delete;
  OrderService& operator=(const OrderService&) = delete;

  OrderDesk& desk() { return *desk_; }
  InstallRoutes& image_routes() { return image_routes_; }
  /// The switch that a node hangs at, as the group whose installs are bounded together; empty: none.
  std::string group_of(const netboot::Host& node) const;
  void add_routes(http::Router& router, const netboot::HostDirectory& hosts, api::Sessions* sessions = nullptr);
  void write_metrics(prom_text::Writer& out) const { desk_->write_metrics(out, config_.site); }

 private:
  OrderService(const Config& config, const Fleet& fleet, Logger& log) : config_(config), fleet_(fleet), log_(log) {}

  const Config& config_;
  const Fleet& fleet_;
  Logger& log_;
  const Clock clock_;
  std::string token_, token_file_;
  InstallRoutes image_routes_;
  std::unique_ptr<ImageShelf> images_;
  Actions actions_;
  std::unique_ptr<OrderDesk> desk_;
  std::unique_ptr<power::PowerControl> power_;
};

/// The same routes where there are neither netboot nor switches: they say so.
void add_routes_without_orders(http::Router& router);

}  // namespace piman::manager
