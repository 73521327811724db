// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// The socket tables of procfs: net/tcp, net/tcp6, net/udp, net/udp6.
namespace piman::agent {

/// What is reported of a socket: of the many other columns none is looked at.
struct SocketLine {
  std::uint64_t state = 0;                           ///< TCP_ESTABLISHED = 1, ... of the kernel
  std::uint64_t sent_bytes = 0, received_bytes = 0;  ///< that wait in the queues
};
/// Nothing when the line is no socket or is cut. Pure. Source: proc(5), "/proc/net/tcp".
std::optional<SocketLine> parse_socket_line(std::string_view line);

}  // namespace piman::agent
