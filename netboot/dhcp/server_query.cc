// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/server_query.h"

#include <algorithm>
#include <array>

namespace piman::netboot::dhcp {
namespace {

constexpr std::string_view kPxeClass = "PXEClient";
constexpr std::size_t kLeastIpBytes = 20, kUdpBytes = 8;
constexpr std::uint8_t kUdp = 17;

unsigned u16_at(Bytes bytes, std::size_t at) { return static_cast<unsigned>(bytes[at]) << 8U | bytes[at + 1]; }

}  // namespace

Packet server_query(const MacAddress& ours, std::uint32_t xid, std::uint16_t seconds) {
  constexpr std::array<std::uint8_t, 9> kWanted = {
      option::kSubnetMask,     option::kRouters,        option::kNameServers,
      option::kVendorSpecific, option::kLeaseSeconds,   option::kServerId,
      option::kVendorClass,    option::kTftpServerName, option::kBootFile};
  constexpr std::array<std::uint8_t, 2> kBios = {0, 0};  // what Pis say that they are
  constexpr std::array<std::uint8_t, 3> kUndi = {1, 2, 1};
  Packet query;
  query.op = kBootRequest;
  query.xid = xid;
  query.secs = seconds;
  query.flags = kBroadcastFlag;
  query.chaddr = ours;
  query.options.add_u8(option::kMessageType, static_cast<std::uint8_t>(MessageType::kDiscover));
  query.options.add(option::kParameterList, kWanted);
  query.options.add(option::kClientArch, kBios);
  query.options.add(option::kClientInterface, kUndi);
  query.options.add_text(option::kVendorClass, "PXEClient:Arch:00000:UNDI:002001");
  return query;
}

std::optional<Bytes> udp_payload(Bytes packet, std::uint16_t port) {
  if (packet.size() < kLeastIpBytes || packet[0] >> 4U != 4) return std::nullopt;
  const std::size_t header = (packet[0] & 0x0FU) * std::size_t{4};
  const std::size_t total = u16_at(packet, 2);
  const bool is_fragment = (u16_at(packet, 6) & 0x3FFFU) != 0;
  if (header < kLeastIpBytes || total < header + kUdpBytes || total > packet.size()) return std::nullopt;
  if (packet[9] != kUdp || is_fragment) return std::nullopt;
  const Bytes datagram = packet.first(total).subspan(header);
  const std::size_t length = u16_at(datagram, 4);
  if (u16_at(datagram, 2) != port || length < kUdpBytes || length > datagram.size()) return std::nullopt;
  return datagram.first(length).subspan(kUdpBytes);
}

std::optional<OtherServer> server_of(Bytes payload, Ipv4Address source, const Packet& query) {
  Packet answer;
  if (!decode(payload, answer)) return std::nullopt;
  if (answer.op != kBootReply || answer.xid != query.xid || answer.chaddr != query.chaddr) return std::nullopt;
  // Without a type it is a BOOTP server, which gives addresses as well.
  if (const auto type = message_type(answer); type && *type != MessageType::kOffer) return std::nullopt;
  OtherServer server;
  server.address = answer.options.find_address(option::kServerId).value_or(source);
  server.offered = answer.yiaddr;
  server.tells_of_boot = !answer.file.empty() || answer.options.has(option::kBootFile) ||
                         answer.options.has(option::kTftpServerName) ||
                         answer.options.find_text(option::kVendorClass).starts_with(kPxeClass);
  return server;
}

void add_server(std::vector<OtherServer>& servers, const OtherServer& found) {
  const auto known = std::find_if(servers.begin(), servers.end(),
                                  [&](const OtherServer& each) { return each.address == found.address; });
  if (known == servers.end()) {
    if (servers.size() < kMostOtherServers) servers.push_back(found);
    return;
  }
  if (!known->gives_addresses()) known->offered = found.offered;
  known->tells_of_boot = known->tells_of_boot || found.tells_of_boot;
}

}  // namespace piman::netboot::dhcp
