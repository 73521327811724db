// SPDX-License-Identifier: Apache-2.0
#include "tests/pisim/dhcp_message.h"

#include <algorithm>

#include "common/text.h"

namespace piman::pisim {
namespace {

constexpr std::uint32_t kCookie = 0x6382'5363;
constexpr std::string_view kPxeClass = "PXEClient:Arch:00000:UNDI:002001";
constexpr std::uint8_t kBootMenu = 9;

}  // namespace

Bytes encode(const DhcpRequest& request) {
  ByteWriter out;
  out.u8(1).u8(1).u8(6).u8(0).u32(request.xid).u16(request.seconds).u16(request.flags);
  out.zeros(16).mac(request.mac).zeros(10 + 64 + 128).u32(kCookie);
  out.u8(53).u8(1).u8(request.type);
  if (request.server_id) out.u8(54).u8(4).ip(*request.server_id);
  if (request.requested) out.u8(50).u8(4).ip(*request.requested);
  out.u8(55).u8(static_cast<std::uint8_t>(request.parameter_list.size())).raw(request.parameter_list);
  if (request.guid) {
    out.u8(93).u8(2).u16(0);
    out.u8(94).u8(3).u8(1).u8(2).u8(1);
    out.u8(97).u8(17).raw(*request.guid);
  }
  if (request.pxe_class) out.u8(60).u8(kPxeClass.size()).text(kPxeClass);
  out.u8(255);
  if (out.size() < request.padded_to) out.zeros(request.padded_to - out.size());
  return out.take();
}

const DhcpReply::Option* DhcpReply::find(std::uint8_t code) const {
  const auto found =
      std::find_if(options.begin(), options.end(), [code](const Option& option) { return option.code == code; });
  return found == options.end() ? nullptr : &*found;
}

std::optional<Ipv4Address> DhcpReply::address(std::uint8_t code) const {
  const Option* option = find(code);
  if (option == nullptr || option->value.size() != 4) return std::nullopt;
  return ByteReader(option->value).ip();
}

Result<DhcpReply> parse_reply(ByteView payload) {
  ByteReader in(payload);
  DhcpReply reply;
  reply.size_bytes = payload.size();
  const bool is_reply = in.u8() == 2 && in.u8() == 1 && in.u8() == 6;
  reply.hops = in.u8();
  reply.xid = in.u32();
  in.u32();  // seconds and flags
  in.u32();  // ciaddr
  reply.yiaddr = in.ip();
  reply.siaddr = in.ip();
  reply.giaddr = in.ip();
  reply.chaddr = in.mac();
  in.raw(10 + 64 + 128);
  const bool has_cookie = in.u32() == kCookie;
  if (!in.ok() || !is_reply || !has_cookie) return fail("no DHCP reply");
  bool pad_seen = false;
  while (!in.rest().empty()) {
    const std::uint8_t code = in.u8();
    if (code == 255) {
      reply.has_end = true;
      break;
    }
    if (code == 0) {
      pad_seen = true;
      continue;
    }
    const std::uint8_t length = in.u8();
    const ByteView value = in.raw(length);
    if (!in.ok()) return fail(concat("option ", code, " runs over the end"));
    reply.pad_between = reply.pad_between || pad_seen;
    reply.option_twice = reply.option_twice || reply.find(code) != nullptr;
    reply.options.push_back({code, value});
    if (code == 53 && length == 1) reply.type = value[0];
  }
  return reply;
}

bool boot_menu_names_pi(ByteView option43) {
  ByteReader in(option43);
  bool named = false;
  while (!in.rest().empty()) {
    const std::uint8_t code = in.u8();
    if (code == 255) return named;
    if (code == 0) continue;
    ByteReader menu(in.raw(in.u8()));
    while (code == kBootMenu && menu.ok() && !menu.rest().empty()) {
      menu.u16();  // the type of the boot server
      const std::string_view text = as_text(menu.raw(menu.u8()));
      named = named || text.find(kBootText) != std::string_view::npos;
    }
    if (!in.ok() || !menu.ok()) return false;
  }
  return named;
}

std::optional<Ipv4Address> tftp_address(ByteView option66) { return Ipv4Address::parse(as_text(option66)); }

}  // namespace piman::pisim
