// SPDX-License-Identifier: Apache-2.0
#include "manager/api/event_json.h"

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "common/text.h"

namespace piman::manager::api {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;

/// Names and texts may hold any byte; the library would throw at what is not UTF-8.
std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json seconds(std::int64_t value_ms) { return static_cast<double>(value_ms) / 1000; }

Json object_of(const JournalEvent& event) {
  const JournalEntry& entry = event.entry;
  Json data;
  for (const auto& [key, value] : entry.data) data[key] = value;
  return {{"id", event.id},        {"time", seconds(entry.at_ms)}, {"kind", entry.kind},
          {"node", entry.subject}, {"text", entry.text},           {"data", std::move(data)}};
}

std::string text_in(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint64_t id_in(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

}  // namespace

std::string events_json(const JournalPage& page, WallTime now) {
  Json events = Json::array();
  for (const JournalEvent& event : page.events) events.push_back(object_of(event));
  const auto now_ms = std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count();
  return text_of(
             {{"status", "success"},
              {"data",
               {{"now", seconds(now_ms)}, {"last", page.last}, {"next", page.next}, {"events", std::move(events)}}}}) +
         '\n';
}

std::string event_json(const JournalEvent& event) { return text_of(object_of(event)); }

Result<JournalPage> parse_events_json(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return fail("the answer is not a JSON object");
  const auto data = json.find("data");
  if (data == json.end() || !data->is_object()) return fail("the answer has no \"data\" object");
  const auto events = data->find("events");
  if (events == data->end() || !events->is_array()) return fail("the answer has no \"events\" array");
  JournalPage page;
  page.last = id_in(*data, "last");
  page.next = id_in(*data, "next");
  for (const Json& one : *events) {
    JournalEvent event;
    event.id = id_in(one, "id");
    if (event.id == 0) return fail("an event in the answer has no id");
    const auto time = one.find("time");
    if (time == one.end() || !time->is_number()) return fail(concat("event ", event.id, " has no time"));
    const double at_ms = time->get<double>() * 1000;
    constexpr double kMost = 1e15;
    if (!(std::fabs(at_ms) < kMost)) return fail(concat("event ", event.id, " has an impossible time"));
    event.entry.at_ms = std::llround(at_ms);
    event.entry.kind = text_in(one, "kind");
    event.entry.subject = text_in(one, "node");
    event.entry.text = text_in(one, "text");
    if (const auto found = one.find("data"); found != one.end() && found->is_object()) {
      for (const auto& [key, value] : found->items()) {
        if (value.is_string()) event.entry.data.emplace_back(key, value.get<std::string>());
      }
    }
    page.events.push_back(std::move(event));
  }
  return page;
}

}  // namespace piman::manager::api
