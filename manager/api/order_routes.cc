// SPDX-License-Identifier: Apache-2.0
#include "manager/api/order_routes.h"

#include <chrono>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "common/text.h"
#include "manager/api/change_guard.h"
#include "manager/api/json.h"
#include "manager/api/listing_json.h"
#include "manager/api/order_json.h"
#include "manager/fleet/selection.h"

namespace piman::manager {
namespace {

using http::Request;
using http::Response;

constexpr std::size_t kMostListed = 50;

using api::api_error;
using api::json_response;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

class OrderRoutes {
 public:
  explicit OrderRoutes(OrderApiContext context)
      : context_(std::move(context)), guard_{context_.config, context_.token, context_.token_file, context_.sessions} {}

  Response order(const Request& request) const {
    if (auto refused = guard_.refuse(request)) return std::move(*refused);
    const auto wanted = api::parse_action_request(request.body);
    if (!wanted) return api_error(400, "bad_data", wanted.error().message);
    std::vector<Host> hosts;
    const auto fleet = context_.fleet.snapshot();  // which lives as long as it is looked at
    for (const auto& node : fleet->nodes) hosts.push_back(node->host);
    auto nodes = select_nodes(hosts, wanted->nodes,
                              [this](const Host& host, std::string_view label) { return label_of(host, label); });
    if (!nodes) return api_error(400, "bad_data", nodes.error().message);
    RolloutRequest rollout;
    rollout.action = wanted->action;
    rollout.nodes = std::move(*nodes);
    rollout.canary = wanted->canary;
    rollout.max_parallel = wanted->max_parallel;
    rollout.stop_after_failures = wanted->stop_after_failures;
    rollout.forced = wanted->force;
    rollout.who = guard_.who(request, wanted->by);
    rollout.why = wanted->why;
    if (wanted->action == OrderAction::kReinstall) {
      if (!context_.config.netboot.enabled || !context_.config.install.enabled) {
        return api_error(409, "conflict",
                         "this manager installs no nodes: netboot.enabled or install.enabled is false");
      }
      auto image = context_.images.find(wanted->image);
      if (!image) return api_error(400, "bad_data", image.error().message);
      rollout.image = {image->name, image->version, image->format, image->sha256, image->path, image->size_bytes};
    } else if (const std::string without = without_port(rollout.nodes); !without.empty()) {
      return api_error(400, "bad_data", concat("no switch of the section power has a port for ", without));
    }
    if (wanted->preview) return json_response(200, api::action_json(preview_of(rollout), now_ms()));
    const auto view = context_.desk.add(rollout);
    if (!view) return refused(view.error());
    Response response = json_response(202, api::action_json(*view, now_ms()));
    response.headers.emplace_back("Location", concat("/api/v1/actions/", view->rollout.id));
    return response;
  }

  Response action(const Request& request) const {
    const auto id = parse_u64(request.path_parameter("id"));
    const auto view = id ? context_.desk.view(*id) : std::nullopt;
    if (!view) return no_action(request);
    return json_response(200, api::action_json(*view, now_ms()));
  }

  Response actions(const Request&) const {
    return json_response(200, api::actions_json(context_.desk.recent(kMostListed), now_ms()));
  }

  Response withdraw(const Request& request) const {
    if (auto refused = guard_.refuse(request)) return std::move(*refused);
    const auto id = parse_u64(request.path_parameter("id"));
    if (!id || !context_.desk.view(*id)) return no_action(request);
    const auto view = context_.desk.withdraw(*id, guard_.who(request, {}));
    if (!view) return refused(view.error());
    return json_response(200, api::action_json(*view, now_ms()));
  }

  Response images(const Request&) const {
    return json_response(200, api::images_json(context_.images.list(), context_.images.default_image()));
  }

  Response installs(const Request& request) const {
    const auto node = context_.fleet.find(request.path_parameter("name"));
    if (node == nullptr) {
      return api_error(404, "not_found",
                       concat("no node ", quote(request.path_parameter("name")), " in the inventory"));
    }
    return json_response(200, api::installs_json(node->host.name, context_.desk.node(node->host.mac), now_ms()));
  }

 private:
  static Response refused(const OrderDesk::Refused& why) {
    return why.is_unrecorded ? api_error(503, "unavailable", why.message) : api_error(409, "conflict", why.message);
  }

  static OrderDesk::View preview_of(const RolloutRequest& request) {
    OrderDesk::View view;
    view.rollout.action = request.action;
    view.rollout.canary = request.canary;
    view.rollout.max_parallel = request.max_parallel;
    view.rollout.stop_after_failures = request.stop_after_failures;
    view.rollout.who = request.who;
    view.rollout.why = request.why;
    for (const Host& node : request.nodes) {
      OrderRecord order;
      order.mac = node.mac;
      order.node = node.name;
      order.action = request.action;
      order.image = request.image;
      view.orders.push_back(std::move(order));
      view.progress.emplace_back();
    }
    return view;
  }

  static Response no_action(const Request& request) {
    return api_error(404, "not_found", concat("there is no action ", quote(request.path_parameter("id"))));
  }

  std::string label_of(const Host& host, std::string_view label) const {
    const auto hosts = context_.hosts.hosts();
    const netboot::Host* known = hosts->find(host.mac);
    if (label == "group") return known == nullptr ? std::string() : known->group;
    if (label == "image") return known == nullptr ? std::string() : known->image;
    if (label == "switch") {
      const power::SwitchConfig* power_switch = context_.config.power.switch_of(host.name);
      return power_switch == nullptr ? std::string() : power_switch->name;
    }
    if (label == "phase") {
      const auto node = context_.fleet.find(host.name);
      return node == nullptr ? std::string() : std::string(to_string(node->phase));
    }
    return {};
  }

  std::string without_port(const std::vector<Host>& nodes) const {
    std::string names;
    for (const Host& node : nodes) {
      if (context_.config.power.switch_of(node.name) == nullptr) names += concat(names.empty() ? "" : ", ", node.name);
    }
    return names;
  }

  const OrderApiContext context_;
  const api::ChangeGuard guard_;
};

}  // namespace

void add_order_routes(http::Router& router, const OrderApiContext& context) {
  const auto routes = std::make_shared<OrderRoutes>(context);
  router.add("POST", "/api/v1/actions", [routes](const Request& request) { return routes->order(request); });
  router.add("GET", "/api/v1/actions", [routes](const Request& request) { return routes->actions(request); });
  router.add("GET", "/api/v1/actions/{id}", [routes](const Request& request) { return routes->action(request); });
  router.add("DELETE", "/api/v1/actions/{id}", [routes](const Request& request) { return routes->withdraw(request); });
  router.add("GET", "/api/v1/images", [routes](const Request& request) { return routes->images(request); });
  router.add("GET", "/api/v1/nodes/{name}/installs",
             [routes](const Request& request) { return routes->installs(request); });
}

}  // namespace piman::manager
