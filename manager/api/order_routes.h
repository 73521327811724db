// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/http_types.h"
#include "common/log.h"
#include "manager/api/sessions.h"
#include "manager/config.h"
#include "manager/fleet/fleet.h"
#include "manager/orders/order_desk.h"
#include "netboot/hosts.h"

/// The routes by which nodes are installed, restarted and switched, and that tell what came of it. docs/http_api.md
/// describes them to users.
namespace piman::manager {

/// What they answer from. All references must outlive the router.
struct OrderApiContext {
  const Config& config;
  const Fleet& fleet;
  const netboot::HostDirectory& hosts;  ///< for groups and images
  OrderDesk& desk;
  const ImageShelf& images;
  std::string token;       ///< that orders need
  std::string token_file;  ///< where it stands, for whoever has none
  Logger& log;
  api::Sessions* sessions = nullptr;  ///< who is logged in; may be none
};

/// Thread-safety: the handlers run on the server's threads, several at once.
void add_order_routes(http::Router& router, const OrderApiContext& context);

}  // namespace piman::manager
