// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/net_types.h"
#include "manager/config.h"

/// The ports that a configuration wants, and which sockets of this machine have them. Pure.
namespace piman::manager {

enum class Transport : std::uint8_t { kUdp, kTcp };
/// "udp", "tcp".
std::string_view to_text(Transport transport);

struct WantedPort {
  Transport transport = Transport::kUdp;
  HostPort where;         ///< an empty host: every address
  std::string interface;  ///< only there; empty: everywhere
  std::string_view use;   ///< "DHCP"
};
/// Of a server with this configuration, each once.
std::vector<WantedPort> wanted_ports(const Config& config);

/// A socket that waits at a port.
struct BoundSocket {
  std::uint16_t port = 0;
  std::uint64_t inode = 0;
  bool operator==(const BoundSocket&) const = default;
};
/// Of a table of the kernel, `net/udp`, `net/tcp` or their sisters for IPv6 (proc(5)): all of UDP, those of TCP that
/// listen. Lines that look otherwise are left out.
std::vector<BoundSocket> parse_socket_table(std::string_view table, Transport transport);

}  // namespace piman::manager
