// SPDX-License-Identifier: Apache-2.0
#include "manager/api/listing_json.h"

#include <array>
#include <nlohmann/json.hpp>

#include "common/text.h"
#include "manager/api/fleet_object.h"

namespace piman::manager::api {
namespace {

std::string success(Json data) {
  const Json answer = {{"status", "success"}, {"data", std::move(data)}};
  return answer.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

std::string_view word_of(netboot::dhcp::LeaseState state, bool is_over) {
  using netboot::dhcp::LeaseState;
  if (state == LeaseState::kReleased) return "released";
  if (state == LeaseState::kDeclined) return "declined";
  return is_over ? "expired" : "bound";
}

}  // namespace

std::string images_json(std::span<const netboot::install::Image> images,
                        const std::optional<netboot::install::Image>& first) {
  Json list = Json::array();
  for (const netboot::install::Image& image : images) {
    list.push_back({{"name", image.name},
                    {"version", image.version},
                    {"format", image.format},
                    {"sha256", image.sha256},
                    {"size_bytes", image.size_bytes}});
  }
  return success({{"default", first ? Json(concat(first->name, '@', first->version)) : Json()}, {"images", list}});
}

std::string leases_json(std::span<const netboot::dhcp::Lease> leases, const NodeNamed& node_of, WallTime now) {
  Json list = Json::array();
  for (const netboot::dhcp::Lease& lease : leases) {
    const bool is_over = lease.expires && *lease.expires <= now;
    list.push_back({{"address", lease.address.to_string()},
                    {"mac", lease.mac.to_string()},
                    {"node", word(node_of(lease.mac))},
                    {"state", word_of(lease.state, is_over)},
                    {"hostname", word(lease.hostname)},
                    {"since", number(unix_seconds(lease.since))},
                    {"expires", lease.expires ? number(unix_seconds(*lease.expires)) : Json()}});
  }
  return success({{"now", number(unix_seconds(now))}, {"leases", std::move(list)}});
}

std::string config_json(std::span<const ConfigEntry> entries) {
  Json list = Json::array();
  for (const ConfigEntry& entry : entries) {
    list.push_back({{"key", entry.key}, {"value", without_secrets(entry.value)}, {"is_default", entry.is_default}});
  }
  return success({{"keys", std::move(list)}});
}

std::string without_secrets(std::string value) {
  for (std::size_t from = 0; (from = value.find("://", from)) != std::string::npos;) {
    from += 3;
    const std::size_t end = value.find_first_of("/ ,", from);
    const std::size_t at = value.substr(0, end).rfind('@');
    if (at == std::string::npos || at < from) continue;
    value.replace(from, at - from, "***");
  }
  return value;
}

}  // namespace piman::manager::api
