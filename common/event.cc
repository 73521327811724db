// SPDX-License-Identifier: Apache-2.0
#include "common/event.h"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/text.h"

namespace piman {
namespace {

using Member = std::optional<double> NodeEvent::*;
constexpr std::array<std::pair<const char*, Member>, 6> kMembers = {{{"time", &NodeEvent::time},
                                                                     {"cpu_percent", &NodeEvent::cpu_percent},
                                                                     {"memory_percent", &NodeEvent::memory_percent},
                                                                     {"disk_percent", &NodeEvent::disk_percent},
                                                                     {"num_pids", &NodeEvent::num_pids},
                                                                     {"temp", &NodeEvent::temp}}};

constexpr std::size_t kMostEvents = 1024;

nlohmann::ordered_json to_json(double value) {
  // Not std::floor(): it would be all that the agent needs libm for, one library more to load at its start.
  if (std::fabs(value) < 1e15 && static_cast<double>(static_cast<std::int64_t>(value)) == value) {
    return static_cast<std::int64_t>(value);
  }
  return value;
}

Result<NotableEvent> decode_notable(const nlohmann::json& object) {
  if (!object.is_object()) return fail("events holds something that is no object");
  NotableEvent event;
  const auto id = object.find("id"), time = object.find("time"), kind = object.find("kind");
  if (id == object.end() || !id->is_number_unsigned()) return fail("an event without a whole number as id");
  event.id = id->get<std::uint64_t>();
  if (time != object.end() && time->is_number()) event.time = time->get<double>();
  if (kind == object.end() || !kind->is_string()) return fail(concat("event ", event.id, " has no kind"));
  event.kind = kind->get<std::string>();
  const auto detail = object.find("detail");
  if (detail != object.end() && detail->is_string()) event.detail = detail->get<std::string>();
  return event;
}

Result<std::vector<NotableEvent>> decode_notables(const nlohmann::json& array) {
  if (!array.is_array()) return fail(concat("events is no array but ", array.type_name()));
  if (array.size() > kMostEvents) return fail(concat("events holds ", array.size(), ", more than ", kMostEvents));
  std::vector<NotableEvent> events;
  for (const auto& element : array) {
    auto event = decode_notable(element);
    if (!event) return fail(event.error().message);
    events.push_back(std::move(*event));
  }
  return events;
}

}  // namespace

std::string encode(const NodeEvent& event) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (const auto& [key, member] : kMembers) {
    const std::optional<double>& value = event.*member;
    if (!value || !std::isfinite(*value)) continue;
    object[key] = to_json(*value);
  }
  if (event.boot_id) object["boot_id"] = *event.boot_id;
  if (event.events) {
    nlohmann::ordered_json& array = object["events"] = nlohmann::ordered_json::array();
    for (const NotableEvent& notable : *event.events) {
      array.push_back(
          {{"id", notable.id}, {"time", to_json(notable.time)}, {"kind", notable.kind}, {"detail", notable.detail}});
    }
  }
  return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

Result<NodeEvent> decode_event(std::string_view json) {
  const auto object = nlohmann::json::parse(json, nullptr, false);
  if (!object.is_object()) return fail(concat("not a JSON object: ", quote(json)));
  NodeEvent event;
  for (const auto& [key, member] : kMembers) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) continue;
    if (found->is_string() && std::string_view(key) == "time") continue;
    if (!found->is_number()) {
      // Not dump(): it recurses, and a sender may nest deeper than our stack.
      const auto* text = found->get_ptr<const std::string*>();
      return fail(concat(key, " is no number but ", text != nullptr ? quote(*text) : found->type_name()));
    }
    const double value = found->get<double>();
    if (!std::isfinite(value)) return fail(concat(key, " is not finite"));
    event.*member = value;
  }
  const auto boot_id = object.find("boot_id");
  if (boot_id != object.end() && boot_id->is_string()) event.boot_id = boot_id->get<std::string>();
  const auto events = object.find("events");
  if (events != object.end() && !events->is_null()) {
    auto decoded = decode_notables(*events);
    if (!decoded) return fail(decoded.error().message);
    event.events = std::move(*decoded);
  }
  return event;
}

}  // namespace piman
