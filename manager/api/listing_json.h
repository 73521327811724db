// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "common/net_types.h"
#include "manager/config.h"
#include "netboot/dhcp/lease.h"
#include "netboot/install/orders.h"

/// The JSON of what is only listed: images, leases, the configuration in effect. Pure.
namespace piman::manager::api {

std::string images_json(std::span<const netboot::install::Image> images,
                        const std::optional<netboot::install::Image>& first);

/// The name of the node with this hardware address; empty: there is none.
using NodeNamed = std::function<std::string(const MacAddress& mac)>;
std::string leases_json(std::span<const netboot::dhcp::Lease> leases, const NodeNamed& node_of, WallTime now);

struct ConfigEntry {
  std::string key, value;
  bool is_default = false;
};
std::string config_json(std::span<const ConfigEntry> entries);
/// A value as it may be shown: what stands between `://` and `@` of a URL is a secret.
std::string without_secrets(std::string value);

}  // namespace piman::manager::api
