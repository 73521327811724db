// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/net_types.h"
#include "common/result.h"
#include "common/unique_fd.h"

/// TCP sockets that do not block.
namespace piman::netboot::install {

/// `interface` empty: every one. Port 0: a free one, see bound_port(). Errors name address, port and interface.
Result<UniqueFd> listen_tcp(Ipv4Address address, std::uint16_t port, const std::string& interface);
std::uint16_t bound_port(int socket);

struct Accepted {
  UniqueFd socket;
  Ipv4Address peer, local;
};
/// Nothing when nobody waits; `is_out_of_files` when somebody does, and there is no descriptor for them.
std::optional<Accepted> accept_tcp(int listener, bool& is_out_of_files);

/// A Pi whose power is cut says nothing: the connection ends after half a minute of silence from its kernel.
void watch_peer(int socket);

/// 32 hexadecimal digits that nobody can guess. Errors: the kernel has no randomness yet.
Result<std::string> random_token();

}  // namespace piman::netboot::install
