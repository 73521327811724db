// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/server_search.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <random>

#include "common/clock.h"
#include "common/text.h"
#include "common/unique_fd.h"
#include "netboot/dhcp/udp_frame.h"

namespace piman::netboot::dhcp {
namespace {

using std::chrono::milliseconds;

constexpr std::uint16_t kServerPort = 67, kClientPort = 68;
constexpr milliseconds kFirstRepeat{1000}, kOthersMayAnswer{1000};
constexpr int kMostPackets = 4096;  // a wire that shouts is not listened to for ever

tl::unexpected<Error> failed(const Interface& interface, std::string_view what) {
  return fail(concat("asking ", interface.name, " for DHCP servers: ", what, ": ", std::strerror(errno)));
}

/// Lets only UDP for the clients' port through, in packets that are no later fragment.
bool only_for_clients(int fd) {
  std::array<::sock_filter, 9> program{{
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),  // the protocol
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 17, 0, 5),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),  // where it belongs in a packet that was cut
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1FFF, 3, 0),
      BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),  // the length of the IP header
      BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),   // the port
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kClientPort, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, kMostRequestBytes),
  }};
  const ::sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
}

::sockaddr_ll link_of(const Interface& interface) {
  ::sockaddr_ll link{};
  link.sll_family = AF_PACKET;
  link.sll_protocol = htons(ETHERTYPE_IP);
  link.sll_ifindex = interface.index;
  link.sll_halen = 6;
  std::fill_n(link.sll_addr, 6, std::uint8_t{0xFF});
  return link;
}

Result<void> send_query(int fd, const Interface& interface, const Packet& query) {
  std::vector<std::uint8_t> payload;
  encode(query, kLeastLimitBytes, payload);
  const UdpAddresses addresses{Ipv4Address(), Ipv4Address(0xFFFF'FFFF), kClientPort, kServerPort};
  const auto header = udp_frame_header(addresses, payload);
  std::vector<std::uint8_t> frame(header.begin(), header.end());
  frame.insert(frame.end(), payload.begin(), payload.end());
  const ::sockaddr_ll link = link_of(interface);
  const ::ssize_t sent =
      ::sendto(fd, frame.data(), frame.size(), 0, reinterpret_cast<const ::sockaddr*>(&link), sizeof link);
  if (sent != static_cast<::ssize_t>(frame.size())) return failed(interface, "sending");
  return {};
}

Ipv4Address source_of(Bytes packet) {
  std::uint32_t address = 0;
  for (const std::uint8_t byte : packet.subspan(12, 4)) address = address << 8U | byte;
  return Ipv4Address(address);
}

}  // namespace

Result<std::vector<OtherServer>> search_servers(const Interface& interface, milliseconds wait) {
  // Bound only after the filter is in place: nothing else may come in before.
  const UniqueFd fd(::socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return failed(interface, "a packet socket");
  if (!only_for_clients(fd.get())) return failed(interface, "a filter");
  const ::sockaddr_ll link = link_of(interface);
  if (::bind(fd.get(), reinterpret_cast<const ::sockaddr*>(&link), sizeof link) != 0) return failed(interface, "bind");

  std::vector<OtherServer> servers;
  Packet query = server_query(interface.mac, std::random_device{}(), 0);
  const SteadyTime begin = std::chrono::steady_clock::now();
  SteadyTime end = begin + wait, next_query = begin;
  milliseconds pause = kFirstRepeat;
  std::array<std::uint8_t, kMostRequestBytes> buffer{};
  for (int packets = 0; packets < kMostPackets;) {
    const SteadyTime now = std::chrono::steady_clock::now();
    if (now >= end) break;
    if (now >= next_query) {
      query.secs = static_cast<std::uint16_t>(std::chrono::duration_cast<std::chrono::seconds>(now - begin).count());
      if (auto sent = send_query(fd.get(), interface, query); !sent) return tl::unexpected<Error>(sent.error());
      next_query = now + pause;
      pause *= 2;
    }
    const auto until = std::min(end, next_query) - now;
    ::pollfd waited{fd.get(), POLLIN, 0};
    const int ready = ::poll(&waited, 1, static_cast<int>(std::chrono::ceil<milliseconds>(until).count()));
    if (ready < 0 && errno != EINTR) return failed(interface, "poll");
    if (ready <= 0) continue;
    const ::ssize_t size = ::recv(fd.get(), buffer.data(), buffer.size(), MSG_TRUNC);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (size < 0) return failed(interface, "receiving");
    ++packets;
    if (static_cast<std::size_t>(size) > buffer.size()) continue;
    const Bytes packet = Bytes(buffer).first(static_cast<std::size_t>(size));
    const auto payload = udp_payload(packet, kClientPort);
    if (!payload) continue;
    const auto found = server_of(*payload, source_of(packet), query);
    if (!found) continue;
    if (servers.empty()) end = std::min(end, std::chrono::steady_clock::now() + kOthersMayAnswer);
    add_server(servers, *found);
  }
  return servers;
}

}  // namespace piman::netboot::dhcp
