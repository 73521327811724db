// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "common/net_types.h"
#include "tests/pisim/bytes.h"
#include "tests/pisim/frame.h"

/// A router with a DHCP relay agent (RFC 1542 section 4) between the virtual Pis and the wire. Pure.
namespace piman::pisim {

struct RelaySettings {
  Ipv4Address inside;   ///< its address on the Pis' side: their gateway, and `giaddr`
  Ipv4Address outside;  ///< its address on the wire
  Ipv4Address server;   ///< whom it relays to, and the way to everything else
};

class Relay {
 public:
  struct Output {
    std::vector<Bytes> to_wire;
    std::vector<Bytes> to_pis;
  };

  explicit Relay(const RelaySettings& settings);

  void from_pi(ByteView frame, Output& out);
  void from_wire(ByteView frame, bool checksums_filled, Output& out);

  static MacAddress mac();

 private:
  static constexpr std::size_t kMaxWaiting = 4096;

  void to_server(Bytes frame, Output& out);
  void relay_request(const UdpPacket& packet, Output& out);
  void relay_reply(const UdpPacket& packet, Output& out);
  static Bytes redirected(ByteView frame, const MacAddress& destination);

  RelaySettings settings_;
  std::optional<MacAddress> server_mac_;
  std::vector<Bytes> waiting_;                      ///< for the server's MAC
  std::map<std::uint32_t, MacAddress> neighbours_;  ///< Pis, learned from the replies that went to them
};

}  // namespace piman::pisim
