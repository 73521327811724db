// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/arp_prober.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/text.h"
#include "common/unique_fd.h"
#include "netboot/dhcp/udp_frame.h"

namespace piman::netboot::dhcp {
namespace {

constexpr std::size_t kMostPacketsAtOnce = 256;

tl::unexpected<Error> failed(const Interface& interface, std::string_view what) {
  return fail(concat("ARP socket on ", interface.name, ": ", what, ": ", std::strerror(errno)));
}

/// Lets only ARP replies through: requests are the bulk of a wire's ARP.
bool only_replies(int fd) {
  std::array<::sock_filter, 4> program{{
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),  // the operation
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 128),
      BPF_STMT(BPF_RET | BPF_K, 0),
  }};
  const ::sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
}

}  // namespace

Result<std::unique_ptr<ArpProber>> ArpProber::open(asio::io_context& io, const Interface& interface,
                                                   std::chrono::milliseconds wait, Answer answer) {
  // Bound only after the filter is in place: nothing else may come in before.
  UniqueFd fd(::socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return failed(interface, "socket");
  if (!only_replies(fd.get())) return failed(interface, "filter");
  ::sockaddr_ll link{};
  link.sll_family = AF_PACKET;
  link.sll_protocol = htons(ETHERTYPE_ARP);
  link.sll_ifindex = interface.index;
  if (::bind(fd.get(), reinterpret_cast<::sockaddr*>(&link), sizeof link) != 0) return failed(interface, "bind");
  std::unique_ptr<ArpProber> prober(new ArpProber(io, interface, wait, std::move(answer), fd.release()));
  prober->await_reply();
  return prober;
}

ArpProber::ArpProber(asio::io_context& io, const Interface& interface, std::chrono::milliseconds wait, Answer answer,
                     int fd)
    : interface_(interface), wait_(wait), answer_(std::move(answer)), socket_(io, fd), timer_(io) {}

bool ArpProber::probe(Ipv4Address address, const MacAddress& client, SteadyTime now) {
  if (asked_.size() >= kMost) return false;
  if (!asked_.emplace(address, client).second) return true;
  send(address);
  repeats_.push_back({now + wait_ / 2, address, false});
  ends_.push_back({now + wait_, address, true});
  arm_timer();
  return true;
}

void ArpProber::send(Ipv4Address address) {
  const auto packet = arp_probe(interface_.mac, address);
  ::sockaddr_ll link{};
  link.sll_family = AF_PACKET;
  link.sll_protocol = htons(ETHERTYPE_ARP);
  link.sll_ifindex = interface_.index;
  link.sll_halen = 6;
  std::fill_n(link.sll_addr, 6, std::uint8_t{0xFF});
  // One that is lost is asked again; two that are lost are as good as an absent neighbour.
  (void)::sendto(socket_.native_handle(), packet.data(), packet.size(), MSG_DONTWAIT,
                 reinterpret_cast<::sockaddr*>(&link), sizeof link);
}

void ArpProber::await_reply() {
  socket_.async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code error) {
    if (!error) on_readable();
  });
}

void ArpProber::on_readable() {
  std::array<std::uint8_t, 128> packet;
  for (std::size_t i = 0; i < kMostPacketsAtOnce; ++i) {
    const auto size = ::recv(socket_.native_handle(), packet.data(), packet.size(), MSG_DONTWAIT);
    if (size < 0) break;
    const auto sender = parse_arp(Bytes(packet).first(static_cast<std::size_t>(size)));
    if (!sender) continue;
    const auto asked = asked_.find(sender->address);
    // The client itself may still use what it had before.
    if (asked != asked_.end() && asked->second != sender->mac) answer(sender->address, true);
  }
  await_reply();
}

void ArpProber::arm_timer() {
  if (timer_armed_ || (repeats_.empty() && ends_.empty())) return;
  SteadyTime next = SteadyTime::max();
  if (!repeats_.empty()) next = repeats_.front().at;
  if (!ends_.empty()) next = std::min(next, ends_.front().at);
  timer_.expires_at(next);
  timer_armed_ = true;
  timer_.async_wait([this](error_code error) {
    if (!error) on_timer();
  });
}

void ArpProber::on_timer() {
  timer_armed_ = false;
  const SteadyTime now = std::chrono::steady_clock::now();
  while (!repeats_.empty() && repeats_.front().at <= now) {
    if (asked_.count(repeats_.front().address) != 0) send(repeats_.front().address);
    repeats_.pop_front();
  }
  while (!ends_.empty() && ends_.front().at <= now) {
    const Ipv4Address address = ends_.front().address;
    ends_.pop_front();
    answer(address, false);
  }
  arm_timer();
}

void ArpProber::answer(Ipv4Address address, bool in_use) {
  if (asked_.erase(address) != 0) answer_(address, in_use);
}

}  // namespace piman::netboot::dhcp
