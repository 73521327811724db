// SPDX-License-Identifier: Apache-2.0
#include "node-agent/socket_lines.h"

#include "common/text.h"

namespace piman::agent {

std::optional<SocketLine> parse_socket_line(std::string_view line) {
  std::string_view number = next_field(line);
  if (!number.ends_with(':')) return std::nullopt;
  next_field(line);  // local address
  next_field(line);  // remote address
  const auto state = parse_hex(next_field(line));
  std::string_view queues = next_field(line);
  const auto sent = parse_hex(next_until(queues, ':'));
  const auto received = parse_hex(queues);
  for (int i = 0; i < 4; ++i) next_field(line);  // timer, retransmissions, user, timeout
  if (!state || !sent || !received || next_field(line).empty()) return std::nullopt;
  return SocketLine{*state, *sent, *received};
}

}  // namespace piman::agent
