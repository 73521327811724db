// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/net_types.h"
#include "common/result.h"
#include "tests/pisim/bytes.h"

/// DHCP messages (RFC 2131, 2132) as a boot ROM writes and reads them: no option overload, no long options. Pure.
namespace piman::pisim {

constexpr std::uint8_t kDiscover = 1;
constexpr std::uint8_t kOffer = 2;
constexpr std::uint8_t kRequest = 3;
constexpr std::uint8_t kAck = 5;
constexpr std::uint8_t kNakType = 6;

using Guid = std::array<std::uint8_t, 17>;  ///< option 97: type 0, then 16 bytes

struct DhcpRequest {
  std::uint8_t type = kDiscover;
  std::uint32_t xid = 0;
  std::uint16_t seconds = 0;
  std::uint16_t flags = 0;
  MacAddress mac;
  std::optional<Ipv4Address> requested;  ///< option 50
  std::optional<Ipv4Address> server_id;  ///< option 54
  ByteView parameter_list;               ///< option 55
  std::optional<Guid> guid;              ///< with options 93 (arch 0) and 94 (UNDI 2.1) before it
  bool pxe_class = false;                ///< option 60
  std::size_t padded_to = 0;             ///< zeros at the end up to this size
};
Bytes encode(const DhcpRequest& request);

struct DhcpReply {
  struct Option {
    std::uint8_t code;
    ByteView value;  ///< within the payload
  };

  std::uint8_t type = 0;  ///< option 53; 0: none (BOOTP)
  std::uint8_t hops = 0;
  std::uint32_t xid = 0;
  Ipv4Address yiaddr;
  Ipv4Address siaddr;
  Ipv4Address giaddr;
  MacAddress chaddr;
  std::vector<Option> options;  ///< in the order of the packet
  std::size_t size_bytes = 0;
  bool has_end = false;
  bool pad_between = false;  ///< a pad with another option after it
  bool option_twice = false;

  /// Null when there is none.
  const Option* find(std::uint8_t code) const;
  /// A four-byte option.
  std::optional<Ipv4Address> address(std::uint8_t code) const;
};
/// Errors: no BOOTREPLY, no magic cookie, an option that runs over the end.
Result<DhcpReply> parse_reply(ByteView payload);

/// The text that a Raspberry Pi looks for in option 43.
constexpr std::string_view kBootText = "Raspberry Pi Boot";
/// How the mask ROM of a 3B needs it.
constexpr std::string_view kBootTextSpaces = "Raspberry Pi Boot   ";

/// Whether the text stands in a boot menu (sub-option 9) of well-formed PXE sub-options.
bool boot_menu_names_pi(ByteView option43);
/// Option 66 as an address: dotted quad of exactly the option's length.
std::optional<Ipv4Address> tftp_address(ByteView option66);

}  // namespace piman::pisim
