// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/packet.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "common/check.h"

namespace piman::netboot::dhcp {
namespace {

constexpr std::array<std::uint8_t, 4> kCookie{99, 130, 83, 99};
constexpr std::size_t kXid = 4, kSecs = 8, kFlags = 10, kCiaddr = 12, kYiaddr = 16, kSiaddr = 20, kGiaddr = 24,
                      kChaddr = 28, kSnameAt = 44, kFileAt = 108, kCookieAt = 236;
constexpr std::size_t kSnameBytes = 64, kFileBytes = 128;
constexpr std::uint8_t kEthernet = 1, kEthernetLength = 6;
constexpr std::uint8_t kFileHasOptions = 1, kSnameHasOptions = 2;
constexpr std::size_t kIpAndUdpBytes = 28;

std::uint16_t read_u16(Bytes bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}
std::uint32_t read_u32(Bytes bytes, std::size_t at) {
  return static_cast<std::uint32_t>(read_u16(bytes, at)) << 16 | read_u16(bytes, at + 2);
}
void write_u16(std::uint8_t* out, std::uint16_t value) {
  out[0] = static_cast<std::uint8_t>(value >> 8);
  out[1] = static_cast<std::uint8_t>(value);
}
void write_u32(std::uint8_t* out, std::uint32_t value) {
  write_u16(out, static_cast<std::uint16_t>(value >> 16));
  write_u16(out + 2, static_cast<std::uint16_t>(value));
}

/// A NUL-terminated text in a field of fixed size.
std::string_view field_text(Bytes field) {
  const auto end = std::find(field.begin(), field.end(), std::uint8_t{0});
  return as_text(field.first(static_cast<std::size_t>(end - field.begin())));
}

/// Reads one area of options into `out`, all but option 52, which it returns in `overload`.
bool read_area(Bytes area, Options& out, std::optional<std::uint8_t>& overload) {
  std::size_t at = 0;
  while (at < area.size()) {
    const std::uint8_t code = area[at++];
    if (code == option::kPad) continue;
    if (code == option::kEnd) return true;
    if (at == area.size()) return false;
    const std::size_t length = area[at++];
    if (length > area.size() - at) return false;
    if (code != option::kOverload) {
      out.add(code, area.subspan(at, length));
    } else if (length == 1) {
      overload = area[at];
    }
    at += length;
  }
  return true;
}

/// What an option's value takes, in parts of at most 255 bytes.
std::size_t encoded_bytes(std::size_t value_bytes) {
  const std::size_t parts = value_bytes == 0 ? 1 : (value_bytes + 254) / 255;
  return value_bytes + 2 * parts;
}

std::uint8_t* write_option(std::uint8_t* out, const Options::View& view) {
  Bytes rest = view.value;
  do {
    const std::size_t part = std::min<std::size_t>(rest.size(), 255);
    *out++ = view.code;
    *out++ = static_cast<std::uint8_t>(part);
    out = std::copy_n(rest.begin(), part, out);
    rest = rest.subspan(part);
  } while (!rest.empty());
  return out;
}

enum class Area : std::uint8_t { kMain, kFile, kSname, kNone };

/// Which option goes where. At most 254 codes exist.
struct Layout {
  std::array<Area, 256> area{};
  std::uint8_t overload = 0;
  std::size_t omitted = 0;
};

Layout lay_out(const Packet& packet, std::size_t limit) {
  Layout layout;
  const Options& options = packet.options;
  std::size_t total = 1;  // option 255
  for (std::size_t i = 0; i < options.size(); ++i) total += encoded_bytes(options.at(i).value.size());
  if (kHeaderBytes + total <= limit) return layout;

  // Too long: room for option 52 in the main area, one byte of each area for its 255.
  std::array<std::size_t, 3> room{limit - kHeaderBytes - 1 - 3, packet.file.empty() ? kFileBytes - 1 : 0,
                                  packet.sname.empty() ? kSnameBytes - 1 : 0};
  const auto relay = options.find(option::kRelayAgent);
  const std::size_t relay_bytes = relay ? encoded_bytes(relay->size()) : 0;
  const bool relay_fits = relay_bytes <= room[0];
  if (relay_fits) room[0] -= relay_bytes;
  for (std::size_t i = 0; i < options.size(); ++i) {
    const Options::View view = options.at(i);
    if (view.code == option::kRelayAgent && relay_fits) continue;
    const std::size_t bytes = encoded_bytes(view.value.size());
    // Option 82 stands last or nowhere.
    std::size_t area = view.code == option::kRelayAgent ? room.size() : 0;
    while (area < room.size() && room[area] < bytes) ++area;
    layout.area[i] = static_cast<Area>(area);
    if (area == room.size()) {
      ++layout.omitted;
      continue;
    }
    room[area] -= bytes;
    if (area == 1) layout.overload |= kFileHasOptions;
    if (area == 2) layout.overload |= kSnameHasOptions;
  }
  return layout;
}

std::uint8_t* write_area(std::uint8_t* out, const Options& options, const Layout& layout, Area area) {
  for (std::size_t i = 0; i < options.size(); ++i) {
    const Options::View view = options.at(i);
    if (layout.area[i] == area && view.code != option::kRelayAgent) out = write_option(out, view);
  }
  return out;
}

void write_header(const Packet& packet, std::uint8_t* out) {
  out[0] = packet.op;
  out[1] = kEthernet;
  out[2] = kEthernetLength;
  out[3] = packet.hops;
  write_u32(out + kXid, packet.xid);
  write_u16(out + kSecs, packet.secs);
  write_u16(out + kFlags, packet.flags);
  write_u32(out + kCiaddr, packet.ciaddr.value());
  write_u32(out + kYiaddr, packet.yiaddr.value());
  write_u32(out + kSiaddr, packet.siaddr.value());
  write_u32(out + kGiaddr, packet.giaddr.value());
  std::copy(packet.chaddr.bytes().begin(), packet.chaddr.bytes().end(), out + kChaddr);
  // One byte less than the field: the text ends with a NUL.
  std::copy_n(packet.sname.begin(), std::min(packet.sname.size(), kSnameBytes - 1), out + kSnameAt);
  std::copy_n(packet.file.begin(), std::min(packet.file.size(), kFileBytes - 1), out + kFileAt);
  std::copy(kCookie.begin(), kCookie.end(), out + kCookieAt);
}

}  // namespace

std::string_view to_text(MessageType type) {
  constexpr std::array<std::string_view, 9> kTexts{"unknown", "DISCOVER", "OFFER",   "REQUEST", "DECLINE",
                                                   "ACK",     "NAK",      "RELEASE", "INFORM"};
  const auto index = static_cast<std::size_t>(type);
  return index < kTexts.size() ? kTexts[index] : kTexts[0];
}

std::string_view to_text(Malformed reason) {
  switch (reason) {
    case Malformed::kTooShort:
      return "too_short";
    case Malformed::kBadOp:
      return "bad_op";
    case Malformed::kNotEthernet:
      return "not_ethernet";
    case Malformed::kNoCookie:
      return "no_cookie";
    case Malformed::kTruncatedOption:
      return "truncated_option";
    case Malformed::kBadOverload:
      return "bad_overload";
  }
  return "unknown";
}

void Packet::clear() {
  op = kBootRequest;
  hops = 0;
  xid = 0;
  secs = flags = 0;
  ciaddr = yiaddr = siaddr = giaddr = Ipv4Address();
  chaddr = MacAddress();
  sname.clear();
  file.clear();
  options.clear();
}

std::optional<MessageType> message_type(const Packet& packet) {
  const auto value = packet.options.find_u8(option::kMessageType);
  if (!value || *value < static_cast<std::uint8_t>(MessageType::kDiscover) ||
      *value > static_cast<std::uint8_t>(MessageType::kInform)) {
    return std::nullopt;
  }
  return static_cast<MessageType>(*value);
}

tl::expected<void, Malformed> decode(Bytes bytes, Packet& out) {
  out.clear();
  if (bytes.size() < kHeaderBytes) return tl::make_unexpected(Malformed::kTooShort);
  if (bytes[0] != kBootRequest && bytes[0] != kBootReply) return tl::make_unexpected(Malformed::kBadOp);
  if (bytes[1] != kEthernet || bytes[2] != kEthernetLength) return tl::make_unexpected(Malformed::kNotEthernet);
  if (!std::equal(kCookie.begin(), kCookie.end(), bytes.begin() + kCookieAt)) {
    return tl::make_unexpected(Malformed::kNoCookie);
  }
  bytes = bytes.first(std::min<std::size_t>(bytes.size(), 0xFFFF));  // as much as a datagram can be
  out.op = bytes[0];
  out.hops = bytes[3];
  out.xid = read_u32(bytes, kXid);
  out.secs = read_u16(bytes, kSecs);
  out.flags = read_u16(bytes, kFlags);
  out.ciaddr = Ipv4Address(read_u32(bytes, kCiaddr));
  out.yiaddr = Ipv4Address(read_u32(bytes, kYiaddr));
  out.siaddr = Ipv4Address(read_u32(bytes, kSiaddr));
  out.giaddr = Ipv4Address(read_u32(bytes, kGiaddr));
  std::array<std::uint8_t, 6> mac;
  std::copy_n(bytes.begin() + kChaddr, mac.size(), mac.begin());
  out.chaddr = MacAddress(mac);

  std::optional<std::uint8_t> overload, ignored;
  if (!read_area(bytes.subspan(kHeaderBytes), out.options, overload)) {
    return tl::make_unexpected(Malformed::kTruncatedOption);
  }
  if (overload && (*overload < kFileHasOptions || *overload > (kFileHasOptions | kSnameHasOptions))) {
    return tl::make_unexpected(Malformed::kBadOverload);
  }
  const std::uint8_t has = overload.value_or(0);
  const Bytes sname = bytes.subspan(kSnameAt, kSnameBytes), file = bytes.subspan(kFileAt, kFileBytes);
  // The order in which parts of one option are joined: RFC 3396 section 5.
  if ((has & kFileHasOptions) == 0) {
    out.file = field_text(file.first(kFileBytes - 1));
  } else if (!read_area(file, out.options, ignored)) {
    return tl::make_unexpected(Malformed::kTruncatedOption);
  }
  if ((has & kSnameHasOptions) == 0) {
    out.sname = field_text(sname.first(kSnameBytes - 1));
  } else if (!read_area(sname, out.options, ignored)) {
    return tl::make_unexpected(Malformed::kTruncatedOption);
  }
  return {};
}

std::size_t reply_limit(const Packet& request) {
  const std::size_t asked = request.options.find_u16(option::kMaxMessageBytes).value_or(0);
  return std::clamp(asked < kIpAndUdpBytes ? 0 : asked - kIpAndUdpBytes, kLeastLimitBytes, kMostReplyBytes);
}

std::size_t encode(const Packet& packet, std::size_t limit, std::vector<std::uint8_t>& out) {
  PIMAN_CHECK(limit >= kLeastLimitBytes);
  const Layout layout = lay_out(packet, limit);
  out.assign(limit, 0);
  write_header(packet, out.data());
  std::uint8_t* end = write_area(out.data() + kHeaderBytes, packet.options, layout, Area::kMain);
  if (layout.overload != 0) {
    const std::uint8_t overload[] = {layout.overload};
    end = write_option(end, {option::kOverload, overload});
    if ((layout.overload & kFileHasOptions) != 0) {
      *write_area(out.data() + kFileAt, packet.options, layout, Area::kFile) = option::kEnd;
    }
    if ((layout.overload & kSnameHasOptions) != 0) {
      *write_area(out.data() + kSnameAt, packet.options, layout, Area::kSname) = option::kEnd;
    }
  }
  for (std::size_t i = packet.options.size(); i-- > 0;) {
    const Options::View view = packet.options.at(i);
    if (view.code == option::kRelayAgent && layout.area[i] == Area::kMain) end = write_option(end, view);
  }
  *end++ = option::kEnd;
  out.resize(std::max(static_cast<std::size_t>(end - out.data()), kLeastReplyBytes));
  return layout.omitted;
}

}  // namespace piman::netboot::dhcp
