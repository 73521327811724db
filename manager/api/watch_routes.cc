// SPDX-License-Identifier: Apache-2.0
#include "manager/api/watch_routes.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/text.h"
#include "manager/api/watch_json.h"
#include "manager/fleet/selection.h"
#include "manager/watch/payloads.h"

namespace piman::manager {
namespace {

using api::api_error;
using api::json_response;
using http::Request;
using http::Response;

WallTime wall() { return std::chrono::system_clock::now(); }

class WatchRoutes {
 public:
  explicit WatchRoutes(WatchApiContext context) : context_(std::move(context)) {}

  Response alerts(const Request& request) const {
    std::vector<watch::AlertView> alerts = context_.watcher.alerts();
    const auto states = http::query_values(request.query, "state");
    for (const std::string& state : states) {
      if (state == "pending" || state == "firing" || state == "resolved") continue;
      return api_error(400, "bad_data", concat(quote(state), " is none of pending, firing, resolved"));
    }
    std::erase_if(alerts, [&states](const watch::AlertView& view) {
      return !states.empty() && std::find(states.begin(), states.end(), to_string(view.state)) == states.end();
    });
    return json_response(200, api::alerts_json(alerts, context_.config.site, wall()));
  }

  Response test(const Request& request) const {
    if (auto refused = context_.guard.refuse(request)) return std::move(*refused);
    const auto id = context_.watcher.send_test();
    if (!id) return api_error(409, "conflict", id.error().message);
    return json_response(202, api::test_json(*id));
  }

  Response notifiers(const Request&) const {
    return json_response(200, api::notifiers_json(context_.watcher.notifiers(), wall()));
  }

  Response silences(const Request&) const {
    return json_response(200, api::silences_json(context_.watcher.silences(), wall()));
  }

  Response silence(const Request& request) const {
    if (auto refused = context_.guard.refuse(request)) return std::move(*refused);
    const auto wanted = api::parse_silence_request(request.body);
    if (!wanted) return api_error(400, "bad_data", wanted.error().message);
    const auto nodes = nodes_of(wanted->nodes);
    if (!nodes) return api_error(400, "bad_data", nodes.error().message);
    const WallTime now = wall();
    SilenceRecord record;
    record.nodes = *nodes;
    for (const watch::Condition condition : wanted->conditions) {
      record.conditions += concat(record.conditions.empty() ? "" : " ", to_string(condition));
    }
    record.created_ms = watch::to_ms(now);
    record.expires_ms = watch::to_ms(now + wanted->duration);
    record.who = context_.guard.who(request, wanted->by);
    record.why = wanted->why;
    const auto added = context_.watcher.add_silence(std::move(record));
    if (!added) return api_error(409, "conflict", added.error().message);
    return json_response(201, api::silence_json(*added, now));
  }

  Response end_silence(const Request& request) const {
    if (auto refused = context_.guard.refuse(request)) return std::move(*refused);
    const auto id = parse_u64(request.path_parameter("id"));
    const auto ended = id ? context_.watcher.end_silence(*id) : Result<bool>(false);
    if (!ended) return api_error(409, "conflict", ended.error().message);
    if (!*ended)
      return api_error(404, "not_found", concat("there is no silence ", quote(request.path_parameter("id"))));
    return silences(request);
  }

  Response watchdog(const Request& request) const {
    if (auto refused = context_.guard.refuse_signal(request)) return std::move(*refused);
    const auto is_signal = watch::is_watchdog_signal(request.body);
    if (!is_signal) return api_error(400, "bad_data", is_signal.error().message);
    if (*is_signal) context_.watcher.hear_watchdog();
    return Response::text(200, *is_signal ? "heard\n" : "no Watchdog that fires is in it\n");
  }

 private:
  /// As a silence has them: names, or "*".
  Result<std::string> nodes_of(const std::vector<std::string>& words) const {
    // All means also those that come later.
    if (std::find(words.begin(), words.end(), "all") != words.end()) return std::string("*");
    std::vector<Host> hosts;
    const auto fleet = context_.fleet.snapshot();  // which lives as long as it is looked at
    for (const auto& node : fleet->nodes) hosts.push_back(node->host);
    const auto nodes = select_nodes(hosts, words, [this](const Host& host, std::string_view label) {
      if (label == "phase") {
        const auto node = context_.fleet.find(host.name);
        return node == nullptr ? std::string() : std::string(to_string(node->phase));
      }
      if (label != "switch") return std::string();
      const power::SwitchConfig* power_switch = context_.config.power.switch_of(host.name);
      return power_switch == nullptr ? std::string() : power_switch->name;
    });
    if (!nodes) return tl::unexpected<Error>(nodes.error());
    std::string names;
    for (const Host& node : *nodes) names += concat(names.empty() ? "" : " ", node.name);
    return names;
  }

  const WatchApiContext context_;
};

}  // namespace

void add_watch_routes(http::Router& router, const WatchApiContext& context) {
  const auto routes = std::make_shared<const WatchRoutes>(context);
  const auto add = [&](std::string_view method, std::string_view pattern,
                       Response (WatchRoutes::*handler)(const Request&) const) {
    router.add(method, pattern, [routes, handler](const Request& request) { return ((*routes).*handler)(request); });
  };
  add("GET", "/api/v1/alerts", &WatchRoutes::alerts);
  add("POST", "/api/v1/alerts/test", &WatchRoutes::test);
  add("GET", "/api/v1/notifiers", &WatchRoutes::notifiers);
  add("GET", "/api/v1/silences", &WatchRoutes::silences);
  add("POST", "/api/v1/silences", &WatchRoutes::silence);
  add("DELETE", "/api/v1/silences/{id}", &WatchRoutes::end_silence);
  add("POST", "/api/v1/watchdog", &WatchRoutes::watchdog);
}

void add_routes_without_watch(http::Router& router) {
  const auto answer = [](const Request& /*request*/) {
    return api_error(404, "watch_off", "this manager does not watch its nodes: watch.enabled is false");
  };
  router.add("GET", "/api/v1/alerts", answer);
  router.add("POST", "/api/v1/alerts/test", answer);
  router.add("GET", "/api/v1/notifiers", answer);
  router.add("GET", "/api/v1/silences", answer);
  router.add("POST", "/api/v1/silences", answer);
  router.add("DELETE", "/api/v1/silences/{id}", answer);
  router.add("POST", "/api/v1/watchdog", answer);
}

}  // namespace piman::manager
