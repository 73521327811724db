// SPDX-License-Identifier: Apache-2.0
#include "manager/api/watch_json.h"

#include <algorithm>
#include <ctime>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/text.h"
#include "manager/fleet/selection.h"
#include "manager/watch/digest.h"

namespace piman::manager::api {
namespace {

using Json = nlohmann::ordered_json;
using watch::AlertState;
using watch::AlertView;

constexpr std::size_t kMostWhyBytes = 512;
constexpr std::size_t kMostByBytes = 64;
constexpr std::size_t kMostNodeBytes = 256;

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }
std::string success(Json data) { return text_of({{"status", "success"}, {"data", std::move(data)}}) + '\n'; }
Json seconds(std::int64_t value_ms) { return value_ms == 0 ? Json() : Json(static_cast<double>(value_ms) / 1000); }

std::string rfc3339(std::int64_t ms) {
  const std::time_t whole = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  if (::gmtime_r(&whole, &parts) == nullptr) return {};
  char text[40];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

Json words_in(std::string_view joined) {
  Json words = Json::array();
  while (!joined.empty()) words.push_back(std::string(next_until(joined, ' ')));
  return words;
}

Json object_of(const AlertView& view, const std::string& site) {
  const AlertRecord& alert = view.alert;
  const auto condition = watch::parse_condition(alert.condition).value_or(watch::Condition::kNodeDown);
  const watch::ConditionWords& words = watch::words_of(condition);
  Json labels = {{"alertname", words.alert}, {"severity", to_string(words.severity)}, {"site", site}};
  if (!alert.node.empty()) labels["node"] = alert.node;
  const bool has_value = words.unit != watch::Unit::kNone;
  return {{"labels", std::move(labels)},
          {"annotations",
           {{"summary", watch::headline(condition, {alert.node}, view.state == AlertState::kResolved)},
            {"description", watch::describe(alert)}}},
          {"state", to_string(view.state)},
          {"activeAt", rfc3339(alert.since_ms)},
          {"value", concat(alert.value)},
          {"condition", words.word},
          {"node", alert.node.empty() ? Json() : Json(alert.node)},
          {"since", seconds(alert.since_ms)},
          {"fired", seconds(alert.fired_ms)},
          {"ended", seconds(alert.ended_ms)},
          {"threshold", has_value ? Json(alert.threshold) : Json()},
          {"silenced", view.silenced}};
}

Json object_of(const SilenceRecord& silence, WallTime now) {
  const double left = static_cast<double>(silence.expires_ms - watch::to_ms(now)) / 1000;
  return {{"id", silence.id},
          {"nodes", silence.nodes == "*" ? Json::array({"all"}) : words_in(silence.nodes)},
          {"conditions", words_in(silence.conditions)},
          {"created", seconds(silence.created_ms)},
          {"expires", seconds(silence.expires_ms)},
          {"left_seconds", std::max(left, 0.0)},
          {"who", silence.who},
          {"why", silence.why.empty() ? Json() : Json(silence.why)}};
}

Result<std::string> words_of_value(const Json& value, std::string_view key, std::size_t most) {
  if (!value.is_string()) return fail(concat(key, " is no text"));
  std::string text = value.get<std::string>();
  if (text.size() > most) return fail(concat(key, " is longer than ", most, " bytes"));
  const bool has_controls =
      std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
  if (has_controls) return fail(concat(key, " holds control characters"));
  return text;
}

Result<std::vector<std::string>> list_of_value(const Json& value, std::string_view key) {
  if (!value.is_array() || value.size() > kMostSelectionWords) {
    return fail(concat(key, " is no list of at most ", kMostSelectionWords, " texts"));
  }
  std::vector<std::string> texts;
  for (const Json& each : value) {
    auto text = words_of_value(each, key, kMostNodeBytes);
    if (!text) return tl::unexpected<Error>(text.error());
    texts.push_back(std::move(*text));
  }
  return texts;
}

Result<void> take(SilenceRequest& request, const std::string& key, const Json& value) {
  if (key == "nodes") {
    auto nodes = list_of_value(value, key);
    if (!nodes) return tl::unexpected<Error>(nodes.error());
    request.nodes = std::move(*nodes);
  } else if (key == "conditions") {
    const auto words = list_of_value(value, key);
    if (!words) return tl::unexpected<Error>(words.error());
    for (const std::string& word : *words) {
      const auto condition = watch::parse_condition(word);
      if (!condition) return fail(concat(quote(word), " is no condition: those are node_down, agent_down, cpu, ..."));
      request.conditions.push_back(*condition);
    }
  } else if (key == "seconds") {
    const double longest = std::chrono::duration<double>(kLongestSilence).count();
    if (!value.is_number()) return fail("seconds is no number");
    const double number = value.get<double>();
    if (!(number >= 1) || !(number <= longest)) return fail(concat("seconds is not between 1 and ", longest));
    request.duration = std::chrono::milliseconds(static_cast<std::int64_t>(number * 1000));
  } else if (key == "by" || key == "why") {
    auto text = words_of_value(value, key, key == "by" ? kMostByBytes : kMostWhyBytes);
    if (!text) return tl::unexpected<Error>(text.error());
    (key == "by" ? request.by : request.why) = std::move(*text);
  } else {
    return fail(concat("unknown key ", quote(key)));
  }
  return {};
}

/// The `data` of an answer.
Result<Json> data_of(std::string_view json) {
  const Json answer = Json::parse(json, nullptr, false);
  if (!answer.is_object() || !answer.contains("data")) return fail("the server's answer has no data");
  return answer["data"];
}
std::string text_in(const Json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_string() ? object[key].get<std::string>()
                                                                               : std::string();
}
double number_in(const Json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_number() ? object[key].get<double>() : 0;
}
std::uint64_t count_in(const Json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_number_unsigned()
             ? object[key].get<std::uint64_t>()
             : 0;
}
std::vector<std::string> texts_in(const Json& object, const char* key) {
  std::vector<std::string> texts;
  if (!object.is_object() || !object.contains(key) || !object[key].is_array()) return texts;
  for (const Json& each : object[key]) {
    if (each.is_string()) texts.push_back(each.get<std::string>());
  }
  return texts;
}
Result<Json> list_in(const Json& data, const char* key) {
  if (!data.is_object() || !data.contains(key) || !data[key].is_array()) {
    return fail(concat("the server's answer has no list ", key));
  }
  return data[key];
}

}  // namespace

std::string alerts_json(const std::vector<AlertView>& alerts, const std::string& site, WallTime now) {
  Json list = Json::array();
  for (const AlertView& view : alerts) list.push_back(object_of(view, site));
  return success({{"now", seconds(watch::to_ms(now))}, {"alerts", std::move(list)}});
}

std::string silences_json(const std::vector<SilenceRecord>& silences, WallTime now) {
  Json list = Json::array();
  for (const SilenceRecord& silence : silences) list.push_back(object_of(silence, now));
  return success({{"silences", std::move(list)}});
}

std::string silence_json(const SilenceRecord& silence, WallTime now) {
  return success({{"silences", Json::array({object_of(silence, now)})}});
}

std::string notifiers_json(const std::array<watch::NotifierState, watch::kNotifierCount>& states, WallTime now) {
  Json list = Json::array();
  const auto time = [](const std::optional<WallTime>& at) { return at ? seconds(watch::to_ms(*at)) : Json(); };
  for (std::size_t i = 0; i < states.size(); ++i) {
    const watch::NotifierState& state = states[i];
    if (!state.is_on) continue;
    const auto count = [&state](watch::Delivery result) { return state.counts[static_cast<std::size_t>(result)]; };
    list.push_back({{"name", to_string(static_cast<watch::Notifier>(i))},
                    {"queued", state.queued},
                    {"sent", count(watch::Delivery::kSent)},
                    {"failed", count(watch::Delivery::kFailed) + count(watch::Delivery::kRateLimited) +
                                   count(watch::Delivery::kRefused)},
                    {"dropped", count(watch::Delivery::kDropped)},
                    {"last_sent", time(state.last_sent)},
                    {"last_sent_id", state.last_sent_id},
                    {"failing_since", time(state.failing_since)},
                    {"last_error", state.last_error.empty() ? Json() : Json(state.last_error)},
                    {"next_try_seconds", static_cast<double>(state.next_try.count()) / 1000}});
  }
  return success({{"now", seconds(watch::to_ms(now))}, {"notifiers", std::move(list)}});
}

std::string test_json(std::uint64_t id) { return success({{"id", id}}); }

Result<SilenceRequest> parse_silence_request(std::string_view json) {
  const Json object = Json::parse(json, nullptr, false);
  if (!object.is_object()) return fail("the body is no JSON object");
  SilenceRequest request;
  for (const auto& [key, value] : object.items()) {
    if (auto taken = take(request, key, value); !taken) return tl::unexpected<Error>(taken.error());
  }
  if (request.nodes.empty()) return fail("nodes must be a list of at least one: names, numbers, or all");
  if (request.duration == std::chrono::milliseconds(0)) return fail("seconds must be set");
  return request;
}

std::string silence_request_json(const SilenceRequest& request) {
  Json conditions = Json::array();
  for (const watch::Condition condition : request.conditions) conditions.push_back(to_string(condition));
  Json object = {{"nodes", request.nodes}, {"seconds", static_cast<double>(request.duration.count()) / 1000}};
  if (!conditions.empty()) object["conditions"] = std::move(conditions);
  if (!request.by.empty()) object["by"] = request.by;
  if (!request.why.empty()) object["why"] = request.why;
  return text_of(object);
}

Result<AlertList> parse_alerts_json(std::string_view json) {
  const auto data = data_of(json);
  if (!data) return tl::unexpected<Error>(data.error());
  const auto list = list_in(*data, "alerts");
  if (!list) return tl::unexpected<Error>(list.error());
  AlertList alerts;
  alerts.now = number_in(*data, "now");
  for (const Json& each : *list) {
    AlertEntry entry;
    const Json labels = each.is_object() && each.contains("labels") ? each["labels"] : Json();
    const Json words = each.is_object() && each.contains("annotations") ? each["annotations"] : Json();
    entry.node = text_in(each, "node");
    entry.condition = text_in(each, "condition");
    entry.alert = text_in(labels, "alertname");
    entry.severity = text_in(labels, "severity");
    entry.state = text_in(each, "state");
    entry.what = text_in(words, "description");
    if (entry.what.empty()) entry.what = text_in(words, "summary");
    entry.since = number_in(each, "since");
    entry.ended = number_in(each, "ended");
    entry.silenced = each.is_object() && each.contains("silenced") && each["silenced"] == true;
    alerts.alerts.push_back(std::move(entry));
  }
  return alerts;
}

Result<std::vector<SilenceEntry>> parse_silences_json(std::string_view json) {
  const auto data = data_of(json);
  if (!data) return tl::unexpected<Error>(data.error());
  const auto list = list_in(*data, "silences");
  if (!list) return tl::unexpected<Error>(list.error());
  std::vector<SilenceEntry> silences;
  for (const Json& each : *list) {
    silences.push_back({count_in(each, "id"), texts_in(each, "nodes"), texts_in(each, "conditions"),
                        number_in(each, "left_seconds"), text_in(each, "who"), text_in(each, "why")});
  }
  return silences;
}

Result<std::vector<NotifierEntry>> parse_notifiers_json(std::string_view json) {
  const auto data = data_of(json);
  if (!data) return tl::unexpected<Error>(data.error());
  const auto list = list_in(*data, "notifiers");
  if (!list) return tl::unexpected<Error>(list.error());
  std::vector<NotifierEntry> notifiers;
  for (const Json& each : *list) {
    notifiers.push_back({text_in(each, "name"), text_in(each, "last_error"), count_in(each, "last_sent_id"),
                         number_in(each, "queued"), number_in(each, "next_try_seconds")});
  }
  return notifiers;
}

Result<std::uint64_t> parse_test_json(std::string_view json) {
  const auto data = data_of(json);
  if (!data) return tl::unexpected<Error>(data.error());
  return count_in(*data, "id");
}

}  // namespace piman::manager::api
