// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/neighbours.h"

#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

namespace piman::netboot::dhcp {
namespace {

struct Message {
  ::nlmsghdr header;
  ::ndmsg neighbour;
  std::array<std::uint8_t, RTA_SPACE(4)> address;
  std::array<std::uint8_t, RTA_SPACE(6)> mac;
};

template <std::size_t Size, class Value>
void put_attribute(std::array<std::uint8_t, Size>& out, unsigned short type, const Value& value) {
  const ::rtattr header{static_cast<unsigned short>(RTA_LENGTH(sizeof value)), type};
  std::memcpy(out.data(), &header, sizeof header);
  std::memcpy(out.data() + RTA_LENGTH(0), &value, sizeof value);
}

}  // namespace

Neighbours::Neighbours() : netlink_(::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE)) {}

void Neighbours::confirm(int interface_index, Ipv4Address address, const MacAddress& mac) {
  if (!netlink_.valid()) return;
  Message message{};
  message.header.nlmsg_len = sizeof message;
  message.header.nlmsg_type = RTM_NEWNEIGH;
  message.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE;
  message.neighbour.ndm_family = AF_INET;
  message.neighbour.ndm_ifindex = interface_index;
  message.neighbour.ndm_state = NUD_REACHABLE;
  const std::uint32_t network_order = htonl(address.value());
  put_attribute(message.address, NDA_DST, network_order);
  put_attribute(message.mac, NDA_LLADDR, mac.bytes());
  (void)::send(netlink_.get(), &message, sizeof message, MSG_DONTWAIT);
  // Refusals come back as messages: they are read so that the socket does not fill up.
  std::array<std::uint8_t, 512> refusal;
  while (::recv(netlink_.get(), refusal.data(), refusal.size(), MSG_DONTWAIT) > 0) {
  }
}

}  // namespace piman::netboot::dhcp
