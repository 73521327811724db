// SPDX-License-Identifier: Apache-2.0
#include "manager/api/boot_json.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "common/text.h"

namespace piman::manager::api {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;

constexpr std::size_t kMostNumber = 1UL << 53U;  // beyond it a JSON number is not exact

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }
std::string success(Json data) { return text_of({{"status", "success"}, {"data", std::move(data)}}) + '\n'; }

Json word(const std::string& text) { return text.empty() ? Json() : Json(text); }
Json address_or_null(Ipv4Address address) { return address == Ipv4Address() ? Json() : Json(address.to_string()); }
Json seconds(std::int64_t value_ms) { return static_cast<double>(value_ms) / 1000; }
Json time_of(WallTime time) {
  return seconds(std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count());
}
/// As boot folders and board revisions are written.
Json hexadecimal(const std::optional<std::uint32_t>& number) {
  if (!number) return {};
  std::array<char, 9> text{};
  std::snprintf(text.data(), text.size(), "%08x", *number);
  return text.data();
}

Json object_of(const DhcpStep& step) {
  return {{"kind", "dhcp"},
          {"received", step.received},
          {"sent", word(step.sent)},
          {"drop_reason", word(step.drop_reason)},
          {"model", word(step.model)},
          {"address", address_or_null(step.address)},
          {"other_server", address_or_null(step.other_server)},
          {"relayed", step.relayed},
          {"count", step.count},
          {"last_at", seconds(step.last_ms)}};
}
Json object_of(const FileStep& step) {
  const auto speed = step.bytes_per_second();
  return {{"kind", "file"},
          {"protocol", step.protocol},
          {"requested", step.requested},
          {"served", word(step.served)},
          {"outcome", step.outcome},
          {"size_bytes", step.size_bytes},
          {"sent_bytes", step.sent_bytes},
          {"blocks", step.blocks},
          {"retransmits", step.retransmits},
          {"duration_seconds", seconds(step.duration_ms)},
          {"bytes_per_second", speed ? Json(std::round(*speed)) : Json()}};
}
Json object_of(const ConsoleStep& step) { return {{"kind", "console"}, {"text", step.text}}; }

Json object_of(const Boot& boot) {
  const BootTotals totals = totals_of(boot);
  Json events = Json::array();
  for (const BootEvent& event : boot.events) {
    Json json = {{"at", seconds(event.at_ms)}};
    json.update(std::visit([](const auto& step) { return object_of(step); }, event.step));
    events.push_back(std::move(json));
  }
  return {{"started", time_of(boot.started)},
          {"state", to_string(boot.state)},
          {"stuck_at", word(stuck_at(boot))},
          {"last_at", seconds(boot.last_ms)},
          {"booted_at", boot.booted_ms ? seconds(*boot.booted_ms) : Json()},
          {"model", word(boot.model)},
          {"serial", hexadecimal(boot.serial)},
          {"revision", hexadecimal(boot.revision)},
          {"address", address_or_null(boot.address)},
          {"files", totals.files},
          {"missing", totals.missing},
          {"sent_bytes", totals.sent_bytes},
          {"blocks", totals.blocks},
          {"retransmits", totals.retransmits},
          {"dropped_events", boot.dropped},
          {"events", std::move(events)}};
}

/// Members of an answer; what is absent or of another type is nothing.
std::string text_in(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}
double double_in(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : 0;
}
std::uint64_t count_in(const Json& object, const char* key) {
  const double value = double_in(object, key);
  return value > 0 && value < static_cast<double>(kMostNumber) ? static_cast<std::uint64_t>(value) : 0;
}
std::int64_t milliseconds_in(const Json& object, const char* key) {
  const double value = double_in(object, key) * 1000;
  return std::fabs(value) < static_cast<double>(kMostNumber) ? std::llround(value) : 0;
}
/// What no clock can hold is no time.
WallTime time_in(const Json& object, const char* key) {
  const std::int64_t ms = milliseconds_in(object, key);
  return WallTime(milliseconds(ms >= 0 && ms <= kFarthestTime.count() ? ms : 0));
}
std::optional<std::uint32_t> hexadecimal_in(const Json& object, const char* key) {
  const auto number = parse_hex(text_in(object, key));
  return number && *number <= UINT32_MAX ? std::optional(static_cast<std::uint32_t>(*number)) : std::nullopt;
}
Ipv4Address address_in(const Json& object, const char* key) {
  return Ipv4Address::parse(text_in(object, key)).value_or(Ipv4Address());
}

Result<BootEvent> event_of(const Json& json) {
  BootEvent event;
  event.at_ms = milliseconds_in(json, "at");
  const std::string kind = text_in(json, "kind");
  if (kind == "dhcp") {
    DhcpStep step;
    step.received = text_in(json, "received");
    step.sent = text_in(json, "sent");
    step.drop_reason = text_in(json, "drop_reason");
    step.model = text_in(json, "model");
    step.address = address_in(json, "address");
    step.other_server = address_in(json, "other_server");
    const auto relayed = json.find("relayed");
    step.relayed = relayed != json.end() && relayed->is_boolean() && relayed->get<bool>();
    step.count = static_cast<std::uint32_t>(std::min<std::uint64_t>(count_in(json, "count"), UINT32_MAX));
    step.last_ms = milliseconds_in(json, "last_at");
    event.step = std::move(step);
  } else if (kind == "file") {
    FileStep step;
    step.protocol = text_in(json, "protocol");
    step.requested = text_in(json, "requested");
    step.served = text_in(json, "served");
    step.outcome = text_in(json, "outcome");
    step.size_bytes = count_in(json, "size_bytes");
    step.sent_bytes = count_in(json, "sent_bytes");
    step.blocks = count_in(json, "blocks");
    step.retransmits = count_in(json, "retransmits");
    step.duration_ms = milliseconds_in(json, "duration_seconds");
    event.step = std::move(step);
  } else if (kind == "console") {
    event.step = ConsoleStep{text_in(json, "text")};
  } else {
    return fail(concat("an event of an unknown kind ", quote(kind)));
  }
  return event;
}

Result<Boot> boot_of(const Json& json) {
  Boot boot;
  boot.started = time_in(json, "started");
  const std::string state = text_in(json, "state");
  std::size_t known = 0;
  while (known < kBootStateCount && to_string(static_cast<BootState>(known)) != state) ++known;
  if (known == kBootStateCount) return fail(concat("a boot in an unknown state ", quote(state)));
  boot.state = static_cast<BootState>(known);
  boot.last_ms = milliseconds_in(json, "last_at");
  const auto booted = json.find("booted_at");
  if (booted != json.end() && booted->is_number()) boot.booted_ms = milliseconds_in(json, "booted_at");
  boot.model = text_in(json, "model");
  boot.serial = hexadecimal_in(json, "serial");
  boot.revision = hexadecimal_in(json, "revision");
  boot.address = address_in(json, "address");
  boot.dropped = count_in(json, "dropped_events");
  const auto events = json.find("events");
  if (events == json.end() || !events->is_array()) return fail("a boot without events");
  for (const Json& one : *events) {
    if (!one.is_object()) return fail("an event is no object");
    auto event = event_of(one);
    if (!event) return tl::unexpected<Error>(event.error());
    boot.events.push_back(std::move(*event));
  }
  return boot;
}

/// The data of a good answer: an object with an array of objects under `key`.
Result<Json> data_of(std::string_view text, const char* key) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || text_in(json, "status") != "success") return fail("this is no answer of a piman server");
  const auto data = json.find("data");
  if (data == json.end() || !data->is_object()) return fail("the answer has no data");
  if (key == nullptr) return *data;
  const auto list = data->find(key);
  if (list == data->end() || !list->is_array()) return fail(concat("the answer has no list of ", key));
  for (const Json& one : *list) {
    if (!one.is_object()) return fail(concat("one of the ", key, " is no object"));
  }
  return *data;
}

}  // namespace

std::string boots_json(const BootsView& view) {
  Json boots = Json::array();
  for (const Boot& boot : view.boots) boots.push_back(object_of(boot));
  return success({{"name", view.name},
                  {"mac", view.mac ? Json(view.mac->to_string()) : Json()},
                  {"now", time_of(view.now)},
                  {"boots", std::move(boots)}});
}

Result<BootsView> parse_boots_json(std::string_view json) {
  const auto data = data_of(json, "boots");
  if (!data) return tl::unexpected<Error>(data.error());
  BootsView view;
  view.name = text_in(*data, "name");
  view.mac = MacAddress::parse(text_in(*data, "mac"));
  view.now = time_in(*data, "now");
  for (const Json& one : (*data)["boots"]) {
    auto boot = boot_of(one);
    if (!boot) return tl::unexpected<Error>(boot.error());
    if (view.mac) boot->mac = *view.mac;
    view.boots.push_back(std::move(*boot));
  }
  return view;
}

std::string pending_json(const PendingView& view) {
  Json hosts = Json::array();
  for (const PendingHost& host : view.hosts) {
    hosts.push_back({{"mac", host.mac.to_string()},
                     {"model", word(host.model)},
                     {"serial", hexadecimal(host.serial)},
                     {"revision", hexadecimal(host.revision)},
                     {"first_seen", time_of(host.first_seen)},
                     {"last_seen", time_of(host.last_seen)},
                     {"messages", host.messages},
                     {"interface", word(host.interface)},
                     {"address", address_or_null(host.address)}});
  }
  return success({{"unknown_hosts", view.unknown_hosts}, {"now", time_of(view.now)}, {"hosts", std::move(hosts)}});
}

Result<PendingView> parse_pending_json(std::string_view json) {
  const auto data = data_of(json, "hosts");
  if (!data) return tl::unexpected<Error>(data.error());
  PendingView view;
  view.unknown_hosts = text_in(*data, "unknown_hosts");
  view.now = time_in(*data, "now");
  for (const Json& one : (*data)["hosts"]) {
    PendingHost host;
    const auto mac = MacAddress::parse(text_in(one, "mac"));
    if (!mac) return fail("a pending host has no mac");
    host.mac = *mac;
    host.model = text_in(one, "model");
    host.serial = hexadecimal_in(one, "serial");
    host.revision = hexadecimal_in(one, "revision");
    host.first_seen = time_in(one, "first_seen");
    host.last_seen = time_in(one, "last_seen");
    host.messages = count_in(one, "messages");
    host.interface = text_in(one, "interface");
    host.address = address_in(one, "address");
    view.hosts.push_back(std::move(host));
  }
  return view;
}

std::string findings_json(const std::vector<MachineFindings>& machines) {
  Json findings = Json::array();
  for (const MachineFindings& machine : machines) {
    for (const Finding& finding : machine.findings) {
      findings.push_back({{"machine", machine.name},
                          {"code", to_string(finding.code)},
                          {"severity", to_string(finding.severity)},
                          {"summary", finding.summary},
                          {"next", word(finding.next)}});
    }
  }
  return success({{"findings", std::move(findings)}});
}

Result<std::vector<FindingView>> parse_findings_json(std::string_view json) {
  const auto data = data_of(json, "findings");
  if (!data) return tl::unexpected<Error>(data.error());
  std::vector<FindingView> findings;
  for (const Json& one : (*data)["findings"]) {
    findings.push_back({text_in(one, "machine"), text_in(one, "code"), text_in(one, "severity"),
                        text_in(one, "summary"), text_in(one, "next")});
  }
  return findings;
}

std::string accept_json(const AcceptRequest& request) {
  Json json = {{"mac", request.mac.to_string()}, {"name", request.name}};
  if (request.address) json["address"] = request.address->to_string();
  return text_of(json);
}

Result<AcceptRequest> parse_accept_json(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return fail("the body is no JSON object");
  for (const auto& [key, value] : json.items()) {
    if (key != "mac" && key != "name" && key != "address") return fail(concat("unknown key ", quote(key)));
    const bool may_be_null = key == "address" && value.is_null();
    if (!value.is_string() && !may_be_null) return fail(concat(key, " is no text"));
  }
  for (const char* key : {"mac", "name"}) {
    if (!json.contains(key)) return fail(concat("there is no ", key));
  }
  AcceptRequest request;
  const auto mac = MacAddress::parse(text_in(json, "mac"));
  if (!mac) return fail(concat("mac: ", quote(text_in(json, "mac")), " is no MAC address"));
  request.mac = *mac;
  request.name = text_in(json, "name");
  if (const std::string address = text_in(json, "address"); !address.empty()) {
    request.address = Ipv4Address::parse(address);
    if (!request.address) return fail(concat("address: ", quote(address), " is no IPv4 address"));
  }
  return request;
}

std::string accepted_json(const AcceptedHost& host) {
  return success({{"name", host.name}, {"mac", host.mac}, {"address", host.address}});
}

Result<AcceptedHost> parse_accepted_json(std::string_view json) {
  const auto data = data_of(json, nullptr);
  if (!data) return tl::unexpected<Error>(data.error());
  return AcceptedHost{text_in(*data, "name"), text_in(*data, "mac"), text_in(*data, "address")};
}

std::optional<std::string> error_message_of(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || text_in(json, "status") != "error") return std::nullopt;
  return text_in(json, "error");
}

}  // namespace piman::manager::api
