// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/net_types.h"
#include "common/result.h"
#include "netboot/dhcp/options.h"

/// A DHCP message: bytes to struct and back. Source: RFC 2131 section 2, RFC 2132 section 9.3 (overload), RFC 3396.
namespace piman::netboot::dhcp {

inline constexpr std::uint8_t kBootRequest = 1;
inline constexpr std::uint8_t kBootReply = 2;
inline constexpr std::uint16_t kBroadcastFlag = 0x8000;

inline constexpr std::size_t kHeaderBytes = 240;        ///< up to and with the magic cookie
inline constexpr std::size_t kLeastReplyBytes = 300;    ///< what a BOOTP client may insist on (RFC 1542 section 2.1)
inline constexpr std::size_t kLeastLimitBytes = 548;    ///< what every client must take: 576 with IP and UDP headers
inline constexpr std::size_t kMostReplyBytes = 1472;    ///< one Ethernet frame
inline constexpr std::size_t kMostRequestBytes = 2048;  ///< more is not taken from the wire

/// Option 53 (RFC 2132 section 9.6).
enum class MessageType : std::uint8_t {
  kDiscover = 1,
  kOffer = 2,
  kRequest = 3,
  kDecline = 4,
  kAck = 5,
  kNak = 6,
  kRelease = 7,
  kInform = 8,
};
/// "DISCOVER", ...; "unknown" for a value outside of the enum.
std::string_view to_text(MessageType type);

struct Packet {
  std::uint8_t op = kBootRequest;
  std::uint8_t hops = 0;
  std::uint32_t xid = 0;
  std::uint16_t secs = 0;
  std::uint16_t flags = 0;
  Ipv4Address ciaddr, yiaddr, siaddr, giaddr;
  MacAddress chaddr;  ///< Ethernet only
  std::string sname;  ///< at most 63 bytes; empty when its field carries options
  std::string file;   ///< at most 127 bytes; empty when its field carries options
  Options options;    ///< without 52: overload is how the bytes lie, not what they say

  /// To an empty packet that keeps its memory.
  void clear();
  bool operator==(const Packet&) const = default;
};

/// Option 53, when there is one of the eight.
std::optional<MessageType> message_type(const Packet& packet);

/// Why bytes are no DHCP message that piman could answer.
enum class Malformed : std::uint8_t { kTooShort, kBadOp, kNotEthernet, kNoCookie, kTruncatedOption, kBadOverload };
/// "too_short", "bad_op", "not_ethernet", "no_cookie", "truncated_option", "bad_overload".
std::string_view to_text(Malformed reason);

/// Takes bytes that end without option 255, as some clients send them. On an error `out` is left half filled.
tl::expected<void, Malformed> decode(Bytes bytes, Packet& out);

/// How long a reply this client takes, from its option 57, between kLeastLimitBytes and kMostReplyBytes.
std::size_t reply_limit(const Packet& request);

/// Writes `packet` in at least kLeastReplyBytes and at most `limit` bytes: values over 255 bytes in parts, no pad
/// between options (Pi bootloaders before 2020-01-17 drop such a reply), option 82 last (RFC 3046 section 2.1). Options
/// that do not fit go where sname and file leave room (option 52), and then nowhere: put what matters first. Returns
/// how many options were left out. REQUIRES: limit >= kLeastLimitBytes.
std::size_t encode(const Packet& packet, std::size_t limit, std::vector<std::uint8_t>& out);

}  // namespace piman::netboot::dhcp
