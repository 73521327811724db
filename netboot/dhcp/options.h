// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/net_types.h"

/// DHCP options as a list of (code, value), each code once. Source: RFC 2132, RFC 3396 (long options).
namespace piman::netboot::dhcp {

using Bytes = std::span<const std::uint8_t>;

/// The options that piman reads or writes, by number. Source: RFC 2132 and the RFC named.
namespace option {
inline constexpr std::uint8_t kPad = 0;
inline constexpr std::uint8_t kSubnetMask = 1;
inline constexpr std::uint8_t kRouters = 3;
inline constexpr std::uint8_t kNameServers = 6;
inline constexpr std::uint8_t kHostname = 12;
inline constexpr std::uint8_t kDomainName = 15;
inline constexpr std::uint8_t kBroadcastAddress = 28;
inline constexpr std::uint8_t kTimeServers = 42;
inline constexpr std::uint8_t kVendorSpecific = 43;
inline constexpr std::uint8_t kRequestedAddress = 50;
inline constexpr std::uint8_t kLeaseSeconds = 51;
inline constexpr std::uint8_t kOverload = 52;
inline constexpr std::uint8_t kMessageType = 53;
inline constexpr std::uint8_t kServerId = 54;
inline constexpr std::uint8_t kParameterList = 55;
inline constexpr std::uint8_t kMessage = 56;
inline constexpr std::uint8_t kMaxMessageBytes = 57;
inline constexpr std::uint8_t kVendorClass = 60;
inline constexpr std::uint8_t kClientId = 61;
inline constexpr std::uint8_t kTftpServerName = 66;
inline constexpr std::uint8_t kBootFile = 67;
inline constexpr std::uint8_t kUserClass = 77;         // RFC 3004
inline constexpr std::uint8_t kRelayAgent = 82;        // RFC 3046
inline constexpr std::uint8_t kClientArch = 93;        // RFC 4578
inline constexpr std::uint8_t kClientInterface = 94;   // RFC 4578
inline constexpr std::uint8_t kClientMachineId = 97;   // RFC 4578
inline constexpr std::uint8_t kSubnetSelection = 118;  // RFC 3011
inline constexpr std::uint8_t kTftpServers = 150;      // RFC 5859
inline constexpr std::uint8_t kIpxe = 175;             // iPXE's own encapsulated options
inline constexpr std::uint8_t kEnd = 255;
}  // namespace option

/// A value type that keeps its memory when cleared, so that a server that decodes into the same one does not allocate.
/// Thread-safety: none.
class Options {
 public:
  void clear();
  /// Appends an option; when the code is there already, appends to its value (RFC 3396 section 7).
  /// REQUIRES: code is neither kPad nor kEnd.
  void add(std::uint8_t code, Bytes value);
  void add_u8(std::uint8_t code, std::uint8_t value);
  void add_u32(std::uint8_t code, std::uint32_t value);
  void add_address(std::uint8_t code, Ipv4Address address) { add_u32(code, address.value()); }
  void add_text(std::uint8_t code, std::string_view text);

  bool has(std::uint8_t code) const { return present_[code]; }
  /// Valid until the next add() or clear().
  std::optional<Bytes> find(std::uint8_t code) const;
  /// Nothing when absent or of another length than the type's.
  std::optional<std::uint8_t> find_u8(std::uint8_t code) const;
  std::optional<std::uint16_t> find_u16(std::uint8_t code) const;
  std::optional<Ipv4Address> find_address(std::uint8_t code) const;
  /// Without NULs at its end, which some clients count (RFC 2132 section 2). Empty when absent. Any byte may be in it.
  std::string_view find_text(std::uint8_t code) const;

  struct View {
    std::uint8_t code;
    Bytes value;
  };
  std::size_t size() const { return entries_.size(); }
  /// In the order in which they were added.
  View at(std::size_t index) const;

  bool operator==(const Options& other) const;

 private:
  struct Entry {
    std::uint8_t code;
    std::uint16_t offset, length;  // into bytes_; a datagram has less than 64 KiB
  };
  Bytes value_of(const Entry& entry) const { return Bytes(bytes_).subspan(entry.offset, entry.length); }
  void extend(std::uint8_t code, Bytes value);

  std::vector<std::uint8_t> bytes_;
  std::vector<Entry> entries_;
  std::bitset<256> present_;
};

/// Looks for a sub-option in the value of option 82 (RFC 3046) or 43 (RFC 2132 section 8.4). Nothing when it is absent
/// or when what comes before it is malformed. A 255 ends the list, as in option 43; option 82 defines no such
/// sub-option.
std::optional<Bytes> find_suboption(Bytes value, std::uint8_t code);

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace piman::netboot::dhcp
