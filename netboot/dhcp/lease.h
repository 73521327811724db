// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/net_types.h"

/// One address and who has it: what is kept over a restart.
namespace piman::netboot::dhcp {

/// The numbers are stored: they never change their meaning.
enum class LeaseState : std::uint8_t {
  kBound = 1,     ///< given to its client until it expires; after that it is kept as a memory of who had it
  kReleased = 2,  ///< given back by its client (DHCPRELEASE); kept so that the client gets the same address again
  kDeclined =
      3,  ///< in use by a stranger, as a client (DHCPDECLINE) or our own probe said: given to nobody until it expires
};

/// At most this many bytes of option 61 and of a host name count: one option's worth.
inline constexpr std::size_t kMostClientIdBytes = 255;
inline constexpr std::size_t kMostHostnameBytes = 63;

/// There is at most one lease for an address: `address` is the key. One client may have several, behind different
/// relays.
struct Lease {
  Ipv4Address address;
  MacAddress mac;  ///< the client's hardware address; of a declined lease the client that it was meant for
  std::vector<std::uint8_t> client_id;  ///< option 61 as it came, type byte included; empty: the client sent none
  LeaseState state = LeaseState::kBound;
  std::optional<WallTime> expires;  ///< whole seconds; none: never (RFC 2131 3.3, 0xffffffff)
  WallTime since;                   ///< when this client first got this address; whole seconds
  std::string hostname;             ///< option 12, made printable; empty: none

  bool operator==(const Lease&) const = default;
};

/// A change to the stored leases. kPut replaces whatever is stored for the lease's address.
struct LeaseChange {
  enum class Kind : std::uint8_t { kPut, kErase };
  Kind kind = Kind::kPut;
  Lease lease;  ///< of kErase only the address counts

  bool operator==(const LeaseChange&) const = default;
};

}  // namespace piman::netboot::dhcp
