// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/net_types.h"
#include "common/result.h"

/// What an operator decides about DHCP, as plain values.
namespace piman::netboot::dhcp {

/// Both ends included.
struct AddressRange {
  Ipv4Address first, last;

  bool contains(Ipv4Address address) const { return first <= address && address <= last; }
  std::uint32_t size() const { return last.value() - first.value() + 1; }  ///< of a pool; not of all addresses
  std::string to_string() const;                                           ///< "10.0.0.100-10.0.0.199"
};
/// A pool is kept in memory address by address; nobody boots more nodes from one wire.
inline constexpr std::uint32_t kMostPoolAddresses = 65536;

/// One network that clients are in: at an interface of this machine, or behind a relay.
struct Subnet {
  Ipv4Address network;
  std::uint8_t prefix_length = 24;
  std::optional<Ipv4Address> router;      ///< option 3; none: nodes reach only their own network
  std::vector<Ipv4Address> name_servers;  ///< option 6
  std::vector<Ipv4Address> time_servers;  ///< option 42
  std::string domain;                     ///< option 15
  std::optional<AddressRange> pool;       ///< inside the network, at most kMostPoolAddresses

  std::uint32_t mask() const { return prefix_length == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix_length); }
  bool contains(Ipv4Address address) const { return (address.value() & mask()) == (network.value() & mask()); }
  Ipv4Address broadcast() const { return Ipv4Address(network.value() | ~mask()); }
};

/// What those who are no Pi load: option 67 and the header's file. Empty: they get an address and nothing to boot.
struct BootFiles {
  std::string bios;        ///< PXE of a PC's BIOS, such as "undionly.kpxe"
  std::string uefi_x64;    ///< such as "ipxe.efi"
  std::string uefi_arm64;  ///< such as "ipxe-arm64.efi"
  std::string http_x64;    ///< a URL
  std::string http_arm64;  ///< a URL
  std::string ipxe;        ///< a script, by name or URL
  std::string u_boot;      ///< such as "boot.scr.uimg"
};

enum class Mode : std::uint8_t {
  kServer,  ///< gives addresses
  kProxy,   ///< another server gives addresses; we only tell where to boot from (proxyDHCP)
};

/// What becomes of clients that are not in the inventory.
enum class UnknownPolicy : std::uint8_t {
  kIgnore,   ///< no answer
  kPool,     ///< an address of the pool; in proxy mode: an answer
  kPending,  ///< no answer, but they are reported, so that an operator may accept them
};

struct ResponderConfig {
  Mode mode = Mode::kServer;
  UnknownPolicy unknown = UnknownPolicy::kPending;
  /// Whether a client that asks for an address we know nothing about is told to forget it. Only where no other server
  /// gives addresses on the same wire.
  bool authoritative = true;
  std::vector<Subnet> subnets;
  Ipv4Address next_server;  ///< where boot files are; 0.0.0.0: this machine's own address on that wire
  BootFiles boot_files;
  std::chrono::seconds lease_time{std::chrono::hours{12}};  ///< at least a minute, at most 0xFFFFFFFE s
  std::chrono::seconds offer_hold{60};                      ///< how long an offered address waits for its REQUEST
  std::chrono::seconds decline_quarantine{std::chrono::hours{1}};  ///< of addresses that a stranger uses
  /// Later frames that the 3B's ROM needs to take an OFFER (see Timing in responder.h).
  bool pi3b_timing = true;
  bool probe_addresses =
      true;  ///< ask the wire (ARP) before an address of the pool is given to a client the first time
};

/// An error: the first of the values that cannot be served, in words.
Result<void> check(const ResponderConfig& config);

}  // namespace piman::netboot::dhcp
