// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/net_types.h"

/// The nodes that may boot here, as netboot sees them. Who knows them (the manager's inventory) implements
/// HostDirectory.
namespace piman::netboot {

struct Host {
  MacAddress mac;
  Ipv4Address address;  ///< reserved for this node alone
  std::string name;
  std::string group;  ///< whose overlay of boot files it gets; empty: none
  std::string image;  ///< whose boot files lie below the overlays; empty: the default image
};

struct HashMac {
  std::size_t operator()(const MacAddress& mac) const {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : mac.bytes()) value = value << 8 | byte;
    return std::hash<std::uint64_t>{}(value * 0x9E37'79B9'7F4A'7C15U);
  }
};
struct HashAddress {
  std::size_t operator()(Ipv4Address address) const { return std::hash<std::uint32_t>{}(address.value()); }
};

/// All hosts at one moment, found by address of either kind or by name in constant time. Immutable once made.
/// Of hosts that share an address or a name, the first one counts.
class HostTable {
 public:
  HostTable() = default;
  explicit HostTable(std::vector<Host> hosts);
  HostTable(const HostTable&) = delete;  // by_name_ points into hosts_
  HostTable& operator=(const HostTable&) = delete;

  /// Null when unknown. Valid as long as the table.
  const Host* find(const MacAddress& mac) const;
  const Host* find(Ipv4Address address) const;
  const Host* find_name(std::string_view name) const;
  const std::vector<Host>& hosts() const { return hosts_; }

 private:
  std::vector<Host> hosts_;
  std::unordered_map<MacAddress, std::size_t, HashMac> by_mac_;
  std::unordered_map<Ipv4Address, std::size_t, HashAddress> by_address_;
  std::unordered_map<std::string_view, std::size_t> by_name_;
};

/// Thread-safety: hosts() may be called from any thread.
class HostDirectory {
 public:
  virtual ~HostDirectory() = default;
  /// Never null. A reader holds it for one packet or one request, so that a new inventory counts from the next on.
  virtual std::shared_ptr<const HostTable> hosts() const = 0;
};

}  // namespace piman::netboot
