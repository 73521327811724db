// SPDX-License-Identifier: Apache-2.0
#include "manager/api/routes.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "common/text.h"
#include "manager/api/json.h"
#include "manager/api/negotiate.h"
#include "manager/api/node_page.h"
#include "manager/api/page_routes.h"
#include "manager/api/thinned_history.h"
#include "manager/scrape/service_discovery.h"
#include "manager/web/assets.h"

namespace piman::manager {
namespace {

using http::Request;
using http::Response;

constexpr std::size_t kMostHistoryPoints = 5000;

Response json_response(int status, std::string body) {
  Response response = Response::json(status, std::move(body));
  response.headers = {{"Cache-Control", "no-cache"}, {"X-Content-Type-Options", "nosniff"}};
  return response;
}

Response api_error(int status, std::string_view type, const std::string& message) {
  return json_response(status, api::error_json(type, message));
}

std::string no_such_node(const Request& request) {
  return concat("no node ", quote(request.path_parameter("name")), " in the inventory");
}

class Routes {
 public:
  explicit Routes(const ApiContext& context) : context_(context) {}

  Response metrics(const Request& request) const {
    const auto format = api::negotiate_format(request.header("Accept"));
    prom_text::Writer page(format);
    context_.self_metrics.write(page, *context_.fleet.snapshot(), std::chrono::system_clock::now());
    if (context_.write_more_metrics) context_.write_more_metrics(page);
    page.finish();
    Response response = Response::text(200, page.text());
    response.content_type = prom_text::content_type(format);
    response.headers = {{"Vary", "Accept"}, {"X-Content-Type-Options", "nosniff"}};
    return response;
  }

  Response nodes(const Request& request) const {
    const auto points = history_points(request, 0);
    if (!points) return api_error(400, "bad_data", points.error().message);
    const auto fleet = context_.fleet.snapshot();
    const auto words = http::query_values(request.query, "node");
    if (!words.empty()) return chosen_nodes(*fleet, words, *points);
    // The version begins anew with each start; the answer's own clock makes it weak.
    const std::string etag =
        concat("W/\"", context_.started.time_since_epoch().count(), '-', fleet->version, '-', *points, '"');
    Response response;
    if (api::etag_matches(request.header("If-None-Match"), etag)) {
      response.status = 304;
      response.content_type.clear();
      response.headers.emplace_back("Cache-Control", "no-cache");
    } else {
      response = json_response(200, api::nodes_json(*fleet, server_facts(context_), history_of(*points)));
    }
    response.headers.emplace_back("ETag", etag);
    return response;
  }

  Response node(const Request& request) const {
    const auto points = history_points(request, 0);
    if (!points) return api_error(400, "bad_data", points.error().message);
    const auto node = context_.fleet.find(request.path_parameter("name"));
    if (node == nullptr) return api_error(404, "not_found", no_such_node(request));
    return json_response(
        200, api::node_json(*node, history_of(*points), std::chrono::system_clock::now(), context_.label_of));
  }

  Response history(const Request& request) const {
    const auto points = history_points(request, kMostHistoryPoints);
    if (!points) return api_error(400, "bad_data", points.error().message);
    const std::string_view name = request.path_parameter("name");
    if (context_.fleet.find(name) == nullptr) return api_error(404, "not_found", no_such_node(request));
    return json_response(200, api::history_json(name, api::thinned_history(context_.fleet.history(name), *points)));
  }

  Response targets(const Request&) const {
    return json_response(200, api::targets_json(*context_.fleet.snapshot(), context_.config));
  }

  Response discovery(const Request& request) const {
    return json_response(200, api::discovery_json(discover_targets(*context_.fleet.snapshot(), context_.config,
                                                                   request.header("Host"))));
  }

  Response node_metrics(const Request& request) const {
    return api::node_page(request, context_.fleet, context_.config, context_.scrape_now);
  }

  Response config(const Request&) const { return json_response(200, api::config_json(context_.config_entries)); }

  Response ready(const Request&) const {
    return context_.is_ready() ? Response::text(200, "ready\n") : Response::text(503, "starting\n");
  }

 private:
  Response chosen_nodes(const FleetSnapshot& fleet, const std::vector<std::string>& words, std::size_t points) const {
    std::vector<Host> hosts;
    for (const auto& node : fleet.nodes) hosts.push_back(node->host);
    const auto chosen = select_nodes(hosts, words, [&](const Host& host, std::string_view label) {
      if (label == "phase" || label == "stuck") {
        const auto node = context_.fleet.find(host.name);
        if (node == nullptr) return std::string();  // it has just left the inventory
        return std::string(label == "phase" ? to_string(node->phase) : node->stuck ? "true" : "false");
      }
      return context_.label_of ? context_.label_of(host, label) : std::string();
    });
    if (!chosen) return api_error(400, "bad_data", chosen.error().message);
    std::unordered_set<std::string_view> names;
    for (const Host& host : *chosen) names.insert(host.name);
    return json_response(200, api::nodes_json(fleet, server_facts(context_), history_of(points),
                                              [&](const NodeState& node) { return names.contains(node.host.name); }));
  }

  /// The `history` parameter of a request. Errors: not a number of points that may be asked for.
  static Result<std::size_t> history_points(const Request& request, std::size_t absent) {
    const auto values = http::query_values(request.query, "history");
    if (values.empty()) return absent;
    const auto number = parse_number<std::size_t>(values.back());
    if (!number || *number > kMostHistoryPoints) {
      return fail(concat("parameter history is ", quote(values.back()), ", not a number of points from 0 to ",
                         kMostHistoryPoints));
    }
    return *number;
  }

  api::HistoryOf history_of(std::size_t points) const {
    if (points == 0) return {};
    return [this, points](std::string_view name) { return api::thinned_history(context_.fleet.history(name), points); };
  }

  const ApiContext context_;
};

}  // namespace

api::ServerFacts server_facts(const ApiContext& context) {
  return {context.config,
          context.started,
          std::chrono::system_clock::now(),
          context.inventory_problem ? context.inventory_problem() : std::string(),
          web::bundle(),
          context.label_of};
}

void add_routes(http::Router& router, const ApiContext& context) {
  const auto routes = std::make_shared<const Routes>(context);
  const auto get = [&](std::string_view pattern, Response (Routes::*handler)(const Request&) const) {
    router.add("GET", pattern, [routes, handler](const Request& request) { return ((*routes).*handler)(request); });
  };
  get("/metrics", &Routes::metrics);
  get("/api/v1/nodes", &Routes::nodes);
  get("/api/v1/nodes/{name}", &Routes::node);
  get("/api/v1/nodes/{name}/history", &Routes::history);
  get("/api/v1/targets", &Routes::targets);
  get("/api/v1/sd", &Routes::discovery);
  get("/api/v1/config", &Routes::config);
  get("/nodes/{name}/metrics", &Routes::node_metrics);
  get("/readyz", &Routes::ready);
  router.add("GET", "/healthz", [](const Request&) { return Response::text(200, "ok\n"); });
  api::add_page_routes(router);
  router.on_exception([&log = context.log](const Request& request, std::string_view what) {
    log.error("request failed", {{"path", request.path}, {"err", std::string(what)}});
  });
}

}  // namespace piman::manager
