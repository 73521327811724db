// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/reply_builder.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace piman::netboot::dhcp {
namespace {

constexpr std::string_view kPxeClass = "PXEClient";
constexpr std::string_view kHttpClass = "HTTPClient";
constexpr std::uint16_t kArchArm64Uefi = 11, kArchArm64Http = 19;

/// Discovery control 3 (no multicast, no broadcast), a menu prompt that does not wait, and one menu entry. Every boot
/// program of a Pi looks for the words; the 3B's ROM wants the three blanks behind them, the others do not mind.
constexpr std::array<std::uint8_t, 35> kPiVendorOptions{6,   1,   3,                   //
                                                        10,  4,   0,   'P', 'X', 'E',  //
                                                        9,   23,  0,   0,   20,  'R', 'a', 's', 'p', 'b', 'e', 'r', 'r',
                                                        'y', ' ', 'P', 'i', ' ', 'B', 'o', 'o', 't', ' ', ' ', ' ',  //
                                                        255};
/// Discovery control 8: boot the file named in this very reply (PXE 2.1 section 2.2.1).
constexpr std::array<std::uint8_t, 4> kBootThisFile{6, 1, 8, 255};

Ipv4Address next_server(const ReplyContext& context) {
  return context.config.next_server == Ipv4Address() ? context.server_id : context.config.next_server;
}

void echo(const Packet& request, std::uint8_t code, Packet& out) {
  if (const auto value = request.options.find(code)) out.options.add(code, *value);
}

void begin(const ReplyContext& context, MessageType type, Packet& out) {
  out.clear();
  out.op = kBootReply;
  out.xid = context.request.xid;
  out.flags = context.request.flags;
  out.giaddr = context.request.giaddr;
  out.chaddr = context.request.chaddr;
  out.options.add_u8(option::kMessageType, static_cast<std::uint8_t>(type));
  out.options.add_address(option::kServerId, context.server_id);
}

void finish(const Packet& request, Packet& out) {
  echo(request, option::kClientId, out);         // RFC 6842
  echo(request, option::kSubnetSelection, out);  // RFC 3011
  echo(request, option::kRelayAgent, out);       // RFC 3046, byte for byte
}

/// As text, without NUL: early Pi 4 bootloaders read the last number wrong otherwise.
void add_dotted(std::uint8_t code, Ipv4Address address, Options& options) {
  std::array<char, 16> text;
  char* end = text.data();
  for (int shift = 24; shift >= 0; shift -= 8) {
    if (shift != 24) *end++ = '.';
    end = std::to_chars(end, text.data() + text.size(), address.value() >> shift & 0xFF).ptr;
  }
  options.add_text(code, {text.data(), static_cast<std::size_t>(end - text.data())});
}

void add_addresses(std::uint8_t code, const std::vector<Ipv4Address>& addresses, Options& options) {
  for (const Ipv4Address address : addresses) options.add_address(code, address);  // parts are joined
}

bool asks_for(const Packet& request, std::uint8_t code) {
  const auto list = request.options.find(option::kParameterList);
  return list && std::find(list->begin(), list->end(), code) != list->end();
}

/// Where the last of 43 and 66 wins (3 family), both say the same.
void add_pi_boot(const ReplyContext& context, Packet& out) {
  out.options.add_text(option::kVendorClass, kPxeClass);
  echo(context.request, option::kClientMachineId, out);
  out.options.add(option::kVendorSpecific, kPiVendorOptions);
  add_dotted(option::kTftpServerName, next_server(context), out.options);
}

void add_boot_file(const ReplyContext& context, Packet& out) {
  const std::string_view file = boot_file_for(context.config.boot_files, context.client);
  if (file.empty()) return;
  if (context.client.model == ClientModel::kUefiHttp) {
    out.options.add_text(option::kVendorClass, kHttpClass);  // the firmware ignores replies without it
  } else {
    add_dotted(option::kTftpServerName, next_server(context), out.options);
  }
  out.options.add_text(option::kBootFile, file);
  if (file.size() < 128) out.file = file;  // what BIOS ROMs read
}

void add_boot(const ReplyContext& context, Packet& out) {
  out.siaddr = next_server(context);
  if (is_pi(context.client.model)) {
    add_pi_boot(context, out);
  } else {
    add_boot_file(context, out);
  }
  if (asks_for(context.request, option::kTftpServers)) {
    out.options.add_address(option::kTftpServers, next_server(context));
  }
}

}  // namespace

std::string_view boot_file_for(const BootFiles& files, const Client& client) {
  switch (client.model) {
    case ClientModel::kBios:
      return files.bios;
    case ClientModel::kUefi:
      return client.arch == kArchArm64Uefi ? files.uefi_arm64 : files.uefi_x64;
    case ClientModel::kUefiHttp:
      return client.arch == kArchArm64Http ? files.http_arm64 : files.http_x64;
    case ClientModel::kIpxe:
      return files.ipxe;
    case ClientModel::kUBoot:
      return files.u_boot;
    default:
      return {};
  }
}

bool has_boot_reply(const BootFiles& files, const Client& client) {
  return is_pi(client.model) || !boot_file_for(files, client).empty();
}

void build_reply(const ReplyContext& context, MessageType type, Ipv4Address address, Packet& out) {
  begin(context, type, out);
  out.yiaddr = address;
  if (type == MessageType::kAck) out.ciaddr = context.request.ciaddr;
  Options& options = out.options;
  if (address != Ipv4Address()) {
    options.add_u32(option::kLeaseSeconds, static_cast<std::uint32_t>(context.config.lease_time.count()));
  }
  // Whether asked for or not: the 3B's ROM never asks, and needs them to reach anything.
  const Subnet& subnet = *context.subnet;
  options.add_u32(option::kSubnetMask, subnet.mask());
  if (subnet.router) options.add_address(option::kRouters, *subnet.router);
  add_boot(context, out);
  options.add_address(option::kBroadcastAddress, subnet.broadcast());
  add_addresses(option::kNameServers, subnet.name_servers, options);
  if (!subnet.domain.empty()) options.add_text(option::kDomainName, subnet.domain);
  if (context.host != nullptr) options.add_text(option::kHostname, context.host->name);
  add_addresses(option::kTimeServers, subnet.time_servers, options);
  finish(context.request, out);
}

void build_nak(const ReplyContext& context, std::string_view reason, Packet& out) {
  begin(context, MessageType::kNak, out);
  // The relay is to broadcast it: the client's own address is the one it must not use (RFC 2131 section 4.3.2).
  if (context.request.giaddr != Ipv4Address()) out.flags |= kBroadcastFlag;
  out.options.add_text(option::kMessage, reason);
  finish(context.request, out);
}

void build_proxy_reply(const ReplyContext& context, MessageType type, Packet& out) {
  begin(context, type, out);
  out.ciaddr = context.request.ciaddr;
  out.siaddr = next_server(context);
  if (is_pi(context.client.model)) {
    out.options.add_text(option::kVendorClass, kPxeClass);
    echo(context.request, option::kClientMachineId, out);
    out.options.add(option::kVendorSpecific, kPiVendorOptions);
  } else {
    const bool http = context.client.model == ClientModel::kUefiHttp;
    if (!http) out.options.add_text(option::kVendorClass, kPxeClass);
    echo(context.request, option::kClientMachineId, out);
    if (!http) out.options.add(option::kVendorSpecific, kBootThisFile);
    add_boot_file(context, out);
  }
  finish(context.request, out);
}

}  // namespace piman::netboot::dhcp
