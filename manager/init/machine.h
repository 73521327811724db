// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "common/host_paths.h"
#include "common/result.h"
#include "manager/init/plan.h"
#include "manager/init/socket_table.h"

/// What `piman init` finds out about this machine. Changes nothing: ports are bound for a moment and given back.
namespace piman::manager {

/// Ethernet interfaces by name, without wireless ones, which no Pi can boot from.
std::vector<WireFacts> list_wires(const HostPaths& paths);

enum class PortState : std::uint8_t {
  kFree,
  kInUse,
  kNotAllowed,  ///< it needs CAP_NET_BIND_SERVICE, and nobody was seen there
  kOther,       ///< no such address here, and the like
};
struct PortFacts {
  PortState state = PortState::kFree;
  std::string why;                 ///< of kOther, in words
  std::vector<std::string> users;  ///< "dnsmasq (process 812)"; empty: nobody, or this user can't see it
  bool is_piman = false;           ///< all of them are piman's own
};
/// Whether a server could have these ports now, in their order.
std::vector<PortFacts> look_at_ports(const std::vector<WantedPort>& wanted, const HostPaths& paths);

/// Looks at each of the interfaces for `wait`. Blocks.
WireSearch search_wires(const std::vector<std::string>& interfaces, std::chrono::milliseconds wait);

std::string host_name();

}  // namespace piman::manager
