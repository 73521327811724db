// SPDX-License-Identifier: Apache-2.0
#include "manager/api/order_json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/text.h"
#include "manager/fleet/selection.h"

namespace piman::manager::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostWhyBytes = 512;
constexpr std::size_t kMostByBytes = 64;
constexpr std::size_t kMostImageBytes = 256;

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }
std::string success(Json data) { return text_of({{"status", "success"}, {"data", std::move(data)}}) + '\n'; }
Json word(const std::string& text) { return text.empty() ? Json() : Json(text); }
Json seconds(std::int64_t value_ms) { return value_ms == 0 ? Json() : Json(static_cast<double>(value_ms) / 1000); }

/// What a node is at, as a person would say it.
std::string stage_of(const OrderRecord& order, const InstallProgress& progress) {
  if (order.state == OrderState::kInstalling || (order.state == OrderState::kOpen && !progress.stage.empty())) {
    return progress.stage;
  }
  if (order.state == OrderState::kOpen) return order.power == OrderPower::kOrdered ? "power" : "boot";
  return order.state == OrderState::kChecking ? "health" : "";
}

Json object_of(const OrderRecord& order, const InstallProgress& progress) {
  return {{"name", order.node},
          {"order", order.id},
          {"state", to_string(order.state)},
          {"since", seconds(order.since_ms)},
          {"detail", word(order.detail)},
          {"attempts", order.attempts},
          {"stage", word(stage_of(order, progress))},
          {"percent", progress.percent},
          {"bytes", progress.bytes},
          {"size_bytes", order.image.size_bytes},
          {"bytes_per_second", std::round(progress.bytes_per_second)}};
}

Json object_of(const OrderDesk::View& view) {
  const RolloutRecord& rollout = view.rollout;
  Json nodes = Json::array();
  for (std::size_t i = 0; i < view.orders.size(); ++i) nodes.push_back(object_of(view.orders[i], view.progress[i]));
  const std::string image = view.orders.empty() ? std::string() : to_words(view.orders.front().image);
  return {{"id", rollout.id},
          {"action", to_string(rollout.action)},
          {"state", to_string(rollout.state)},
          {"image", word(image)},
          {"canary", rollout.canary},
          {"max_parallel", rollout.max_parallel},
          {"stop_after_failures", rollout.stop_after_failures},
          {"created", seconds(rollout.created_ms)},
          {"ended", seconds(rollout.ended_ms)},
          {"who", rollout.who},
          {"why", word(rollout.why)},
          {"detail", word(rollout.detail)},
          {"nodes", std::move(nodes)}};
}

Result<std::uint32_t> number_in(const Json& value, std::string_view key) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > kMostSelectionWords) {
    return fail(concat(key, " is no whole number from 0 to ", kMostSelectionWords));
  }
  return value.get<std::uint32_t>();
}

Result<std::string> words_in(const Json& value, std::string_view key, std::size_t most) {
  if (!value.is_string()) return fail(concat(key, " is no text"));
  std::string text = value.get<std::string>();
  if (text.size() > most) return fail(concat(key, " is longer than ", most, " bytes"));
  const bool has_controls =
      std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
  if (has_controls) return fail(concat(key, " holds control characters"));
  return text;
}

Result<OrderAction> action_in(const Json& value) {
  constexpr std::array kAllowed = {OrderAction::kReinstall, OrderAction::kRestart, OrderAction::kPowerOn,
                                   OrderAction::kPowerOff};
  if (value.is_string()) {
    for (const OrderAction action : kAllowed) {
      if (value.get<std::string>() == to_string(action)) return action;
    }
  }
  return fail("action is none of reinstall, restart, power_on, power_off");
}

Result<void> take(ActionRequest& request, const std::string& key, const Json& value) {
  if (key == "action") {
    const auto action = action_in(value);
    if (!action) return tl::unexpected<Error>(action.error());
    request.action = *action;
  } else if (key == "nodes") {
    if (!value.is_array() || value.empty() || value.size() > kMostSelectionWords) {
      return fail(concat("nodes is no list of 1 to ", kMostSelectionWords, " texts"));
    }
    for (const Json& each : value) {
      auto text = words_in(each, "nodes", kMostImageBytes);
      if (!text) return tl::unexpected<Error>(text.error());
      request.nodes.push_back(std::move(*text));
    }
  } else if (key == "image" || key == "by" || key == "why") {
    const std::size_t most = key == "image" ? kMostImageBytes : key == "by" ? kMostByBytes : kMostWhyBytes;
    auto text = words_in(value, key, most);
    if (!text) return tl::unexpected<Error>(text.error());
    (key == "image" ? request.image : key == "by" ? request.by : request.why) = std::move(*text);
  } else if (key == "canary" || key == "max_parallel" || key == "stop_after_failures") {
    const auto number = number_in(value, key);
    if (!number) return tl::unexpected<Error>(number.error());
    (key == "canary"         ? request.canary
     : key == "max_parallel" ? request.max_parallel
                             : request.stop_after_failures) = *number;
  } else if (key == "force" || key == "preview") {
    if (!value.is_boolean()) return fail(concat(key, " is neither true nor false"));
    (key == "force" ? request.force : request.preview) = value.get<bool>();
  } else {
    return fail(concat("unknown key ", quote(key)));
  }
  return {};
}

std::string text_in(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}
double double_in(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

std::optional<ActionView> view_in(const Json& data) {
  if (!data.is_object() || !data.contains("nodes") || !data["nodes"].is_array()) return std::nullopt;
  ActionView view;
  const auto id = data.find("id");
  view.id = id != data.end() && id->is_number_unsigned() ? id->get<std::uint64_t>() : 0;
  view.action = text_in(data, "action");
  view.state = text_in(data, "state");
  view.image = text_in(data, "image");
  view.who = text_in(data, "who");
  view.why = text_in(data, "why");
  view.detail = text_in(data, "detail");
  view.created = double_in(data, "created");
  view.now = double_in(data, "now");
  for (const Json& one : data["nodes"]) {
    if (!one.is_object()) return std::nullopt;
    view.nodes.push_back({text_in(one, "name"), text_in(one, "state"), text_in(one, "detail"), text_in(one, "stage"),
                          double_in(one, "percent"), double_in(one, "bytes"), double_in(one, "size_bytes"),
                          double_in(one, "bytes_per_second"), double_in(one, "since")});
  }
  return view;
}

}  // namespace

bool ActionView::is_over() const {
  return state != "running" && std::all_of(nodes.begin(), nodes.end(), [](const Node& node) { return node.is_over(); });
}

std::string action_request_json(const ActionRequest& request) {
  return text_of({{"action", to_string(request.action)},
                  {"nodes", request.nodes},
                  {"image", request.image},
                  {"canary", request.canary},
                  {"max_parallel", request.max_parallel},
                  {"stop_after_failures", request.stop_after_failures},
                  {"force", request.force},
                  {"preview", request.preview},
                  {"by", request.by},
                  {"why", request.why}});
}

Result<ActionRequest> parse_action_request(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return fail("the body is no JSON object");
  for (const char* key : {"action", "nodes"}) {
    if (!json.contains(key)) return fail(concat("there is no ", key));
  }
  ActionRequest request;
  for (const auto& [key, value] : json.items()) {
    if (auto taken = take(request, key, value); !taken) return tl::unexpected<Error>(taken.error());
  }
  if (!request.image.empty() && request.action != OrderAction::kReinstall) return fail("image is for reinstall only");
  return request;
}

std::string action_json(const OrderDesk::View& view, std::int64_t now_ms) {
  Json data = object_of(view);
  data["now"] = seconds(now_ms);
  return success(std::move(data));
}

std::string actions_json(const std::vector<OrderDesk::View>& views, std::int64_t now_ms) {
  Json actions = Json::array();
  for (const OrderDesk::View& view : views) actions.push_back(object_of(view));
  return success({{"now", seconds(now_ms)}, {"actions", std::move(actions)}});
}

std::string installs_json(std::string_view name, const OrderDesk::NodeView& view, std::int64_t now_ms) {
  constexpr std::array<std::string_view, 3> kStates = {"never", "installed", "broken"};
  Json installs = Json::array();
  for (const InstallRecord& install : view.installs) {
    installs.push_back({{"id", install.id},
                        {"order", install.order},
                        {"cause", install.cause},
                        {"image", install.image},
                        {"version", word(install.version)},
                        {"sha256", install.sha256},
                        {"started", seconds(install.started_ms)},
                        {"ended", seconds(install.ended_ms)},
                        {"result", word(install.result)},
                        {"stage", word(install.stage)},
                        {"reason", word(install.reason)}});
  }
  const CardRecord card = view.card.value_or(CardRecord{});
  Json data = {{"name", name},
               {"now", seconds(now_ms)},
               {"card",
                {{"state", kStates[static_cast<std::size_t>(card.state)]},
                 {"image", word(card.image)},
                 {"version", word(card.version)},
                 {"installed", seconds(card.installed_ms)},
                 {"accepted", seconds(card.accepted_ms)}}},
               {"order", view.order ? object_of(*view.order, view.session.value_or(InstallProgress{})) : Json()},
               {"session", view.session ? Json{{"stage", view.session->stage},
                                               {"why", word(view.session->why)},
                                               {"percent", view.session->percent},
                                               {"bytes", view.session->bytes},
                                               {"bytes_per_second", std::round(view.session->bytes_per_second)},
                                               {"since", seconds(view.session->since_ms)},
                                               {"disk", word(view.session->disk)}}
                                        : Json()},
               {"installs", std::move(installs)}};
  return success(std::move(data));
}

Result<InstallsView> parse_installs_json(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  const bool is_good = json.is_object() && json.contains("data") && json["data"].is_object() &&
                       json["data"].contains("card") && json["data"]["card"].is_object() &&
                       json["data"].contains("installs") && json["data"]["installs"].is_array();
  if (!is_good) return fail("the answer has no card and no installs");
  const Json& card = json["data"]["card"];
  InstallsView view;
  view.card_state = text_in(card, "state");
  view.card_image = text_in(card, "image");
  view.card_version = text_in(card, "version");
  view.card_installed = double_in(card, "installed");
  for (const Json& one : json["data"]["installs"]) {
    if (!one.is_object()) return fail("an install of the answer is no object");
    view.installs.push_back({text_in(one, "cause"), text_in(one, "image"), text_in(one, "version"),
                             text_in(one, "result"), text_in(one, "stage"), text_in(one, "reason"),
                             double_in(one, "started"), double_in(one, "ended")});
  }
  return view;
}

Result<ActionView> parse_action_json(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_object() && json.contains("data")) {
    if (auto view = view_in(json["data"])) return std::move(*view);
  }
  return fail("the answer is no action");
}

Result<std::vector<ActionView>> parse_actions_json(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("data") || !json["data"].contains("actions")) {
    return fail("the answer has no actions");
  }
  std::vector<ActionView> views;
  for (const Json& one : json["data"]["actions"]) {
    auto view = view_in(one);
    if (!view) return fail("an action of the answer can't be read");
    view->now = double_in(json["data"], "now");
    views.push_back(std::move(*view));
  }
  return views;
}

}  // namespace piman::manager::api
