// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "manager/config.h"
#include "manager/ipv4_range.h"
#include "netboot/dhcp/server_query.h"

/// What `piman init` proposes, and the configuration that becomes of the answers. Pure.
namespace piman::manager {

/// An interface of this machine that nodes could be at.
struct WireFacts {
  std::string name;
  bool is_up = false;
  bool has_carrier = false;
  bool is_hardware = false;            ///< no bridge of a virtual machine or container
  bool leads_out = false;              ///< the default route goes there
  std::vector<Ipv4Network> addresses;  ///< with their prefix: 10.0.0.1/24
};

/// Answers as their keys of the configuration take them. The file has all of them, and the defaults for the rest.
struct InitAnswers {
  std::string site;
  std::string interface;  ///< "none": no node boots from here
  std::string mode;       ///< of `dhcp.mode`
  std::string subnets, pools, routers;
  std::string listen_address;
};
inline constexpr std::string_view kNoInterface = "none";

/// Where the rest is kept, as the configuration says it.
struct InitPlaces {
  std::string hosts_file = "hosts.csv", store = "state", boot = "boot", images = "images";
};
/// Beside the configuration; for `/etc/piman` where the package keeps it; else below `state`, when that is not empty.
InitPlaces init_places(std::string_view config_file, std::string_view state);

/// Whether a key of the configuration takes this value. Errors: why not. REQUIRES: there is such a key.
Result<void> check_value(std::string_view key, std::string_view value);

/// The one interface that nodes are at, if it can be told: Ethernet of this machine with an address; of several the one
/// that the default route does not go to.
const WireFacts* likely_wire(std::span<const WireFacts> wires);

/// How a wire was looked at for other DHCP servers.
struct WireSearch {
  bool looked = false;
  std::string why_not;  ///< in words
  std::vector<netboot::dhcp::OtherServer> servers;

  /// Who gives addresses; null: nobody who answered.
  const netboot::dhcp::OtherServer* address_server() const;
};
/// The mode of DHCP that fits: nothing where nobody looked, for two servers on a wire hurt those who are there already.
std::optional<std::string> fitting_mode(const WireSearch& search);
/// Whether the mode gives addresses, and so needs subnets.
bool gives_addresses(std::string_view mode);
/// The network of the interface's first address.
std::optional<std::string> fitting_subnet(const WireFacts& wire);
/// A name for a site out of this machine's.
std::string fitting_site(std::string_view host_name);

/// The file. What the loader says of it is the last word on the answers.
std::string render_init_config(const InitAnswers& answers, const InitPlaces& places);
/// What a new inventory begins with.
std::string_view init_hosts_header();

}  // namespace piman::manager
