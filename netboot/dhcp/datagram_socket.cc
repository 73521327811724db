// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/datagram_socket.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "common/text.h"
#include "netboot/dhcp/packet.h"

namespace piman::netboot::dhcp {
namespace {

constexpr std::size_t kBatch = 64;
constexpr int kSocketBufferBytes = 4 * 1024 * 1024;  // a rack that is switched on at once

::sockaddr* as_sockaddr(void* address) { return static_cast<::sockaddr*>(address); }

/// Room for one IP_PKTINFO.
struct alignas(::cmsghdr) Control {
  std::array<char, CMSG_SPACE(sizeof(::in_pktinfo))> bytes;
};

tl::unexpected<Error> failed(const Interface& interface, std::uint16_t port, std::string_view what) {
  return fail(concat("DHCP socket on ", interface.name, " port ", port, ": ", what, ": ", std::strerror(errno)));
}

void enlarge(int fd, int forced, int usual) {
  const int bytes = kSocketBufferBytes;
  if (::setsockopt(fd, SOL_SOCKET, forced, &bytes, sizeof bytes) == 0) return;
  (void)::setsockopt(fd, SOL_SOCKET, usual, &bytes, sizeof bytes);  // capped by the system; smaller is no error
}

Result<UniqueFd> open_udp(const Interface& interface, std::uint16_t port) {
  UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return failed(interface, port, "socket");
  const int on = 1;
  // Several interfaces have a socket each at the same port.
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::setsockopt(fd.get(), SOL_SOCKET, SO_BROADCAST, &on, sizeof on) != 0 ||
      ::setsockopt(fd.get(), IPPROTO_IP, IP_PKTINFO, &on, sizeof on) != 0) {
    return failed(interface, port, "setsockopt");
  }
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, interface.name.c_str(),
                   static_cast<::socklen_t>(interface.name.size() + 1)) != 0) {
    return failed(interface, port, "SO_BINDTODEVICE");
  }
  ::sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(port);
  if (::bind(fd.get(), as_sockaddr(&any), sizeof any) != 0) return failed(interface, port, "bind");
  enlarge(fd.get(), SO_RCVBUFFORCE, SO_RCVBUF);
  enlarge(fd.get(), SO_SNDBUFFORCE, SO_SNDBUF);
  return fd;
}

/// Protocol 0: it receives nothing.
Result<UniqueFd> open_raw(const Interface& interface, std::uint16_t port) {
  UniqueFd fd(::socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return failed(interface, port, "packet socket");
  enlarge(fd.get(), SO_SNDBUFFORCE, SO_SNDBUF);
  return fd;
}

}  // namespace

struct DatagramSocket::Buffers {
  std::array<std::array<std::uint8_t, kMostRequestBytes>, kBatch> bytes;
  std::array<::sockaddr_in, kBatch> peers;
  std::array<::sockaddr_ll, kBatch> links;
  std::array<Control, kBatch> controls;
  std::array<std::array<::iovec, 2>, kBatch> parts;
  std::array<std::array<std::uint8_t, kUdpFrameHeaderBytes>, kBatch> headers;
  std::array<::mmsghdr, kBatch> messages;
};

DatagramSocket::DatagramSocket(const Interface& interface, UniqueFd udp, UniqueFd raw)
    : interface_(interface), udp_(std::move(udp)), raw_(std::move(raw)), buffers_(std::make_unique<Buffers>()) {}

DatagramSocket::~DatagramSocket() = default;

Result<std::unique_ptr<DatagramSocket>> DatagramSocket::open(const Interface& interface, std::uint16_t port) {
  auto udp = open_udp(interface, port);
  if (!udp) return tl::unexpected<Error>(udp.error());
  auto raw = open_raw(interface, port);
  if (!raw) return tl::unexpected<Error>(raw.error());
  return std::unique_ptr<DatagramSocket>(new DatagramSocket(interface, std::move(*udp), std::move(*raw)));
}

bool DatagramSocket::receive(const std::function<void(const Incoming&)>& on_message) {
  Buffers& b = *buffers_;
  for (std::size_t i = 0; i < kBatch; ++i) {
    b.parts[i][0] = {b.bytes[i].data(), b.bytes[i].size()};
    b.messages[i] = {};
    ::msghdr& header = b.messages[i].msg_hdr;
    header.msg_name = &b.peers[i];
    header.msg_namelen = sizeof b.peers[i];
    header.msg_iov = b.parts[i].data();
    header.msg_iovlen = 1;
    header.msg_control = b.controls[i].bytes.data();
    header.msg_controllen = b.controls[i].bytes.size();
  }
  // An error such as ENETDOWN is like nothing: the interface may come back.
  const int count = ::recvmmsg(udp_.get(), b.messages.data(), kBatch, MSG_DONTWAIT, nullptr);
  for (std::size_t i = 0; count > 0 && i < static_cast<std::size_t>(count); ++i) {
    ::msghdr& header = b.messages[i].msg_hdr;
    if ((header.msg_flags & MSG_TRUNC) != 0) continue;
    Incoming incoming;
    incoming.bytes = Bytes(b.bytes[i]).first(b.messages[i].msg_len);
    incoming.source = Ipv4Address(ntohl(b.peers[i].sin_addr.s_addr));
    incoming.source_port = ntohs(b.peers[i].sin_port);
    incoming.own_address = interface_.addresses.front();
    for (::cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
      if (part->cmsg_level != IPPROTO_IP || part->cmsg_type != IP_PKTINFO) continue;
      ::in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(part), sizeof info);
      if (info.ipi_spec_dst.s_addr != 0) incoming.own_address = Ipv4Address(ntohl(info.ipi_spec_dst.s_addr));
    }
    on_message(incoming);
  }
  return count == static_cast<int>(kBatch);
}

void DatagramSocket::send(std::span<Outgoing> messages) {
  std::array<std::array<Outgoing*, kBatch>, 2> batches;
  std::array<std::size_t, 2> counts{0, 0};
  for (Outgoing& message : messages) {
    const std::size_t kind = message.as_frame ? 1 : 0;
    batches[kind][counts[kind]++] = &message;
    if (counts[kind] < kBatch) continue;
    send_batch(batches[kind], message.as_frame);
    counts[kind] = 0;
  }
  for (const std::size_t kind : {0U, 1U}) send_batch(std::span(batches[kind]).first(counts[kind]), kind == 1);
}

void DatagramSocket::send_batch(std::span<Outgoing*> batch, bool as_frame) {
  Buffers& b = *buffers_;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Outgoing& message = *batch[i];
    auto* payload = const_cast<std::uint8_t*>(message.bytes.data());  // iovec serves both ways
    b.messages[i] = {};
    ::msghdr& header = b.messages[i].msg_hdr;
    header.msg_iov = b.parts[i].data();
    if (as_frame) {
      b.headers[i] = udp_frame_header(message.addresses, message.bytes);
      b.parts[i] = {::iovec{b.headers[i].data(), b.headers[i].size()}, ::iovec{payload, message.bytes.size()}};
      header.msg_iovlen = 2;
      ::sockaddr_ll& link = b.links[i] = {};
      link.sll_family = AF_PACKET;
      link.sll_protocol = htons(ETHERTYPE_IP);
      link.sll_ifindex = interface_.index;
      link.sll_halen = 6;
      std::copy(message.mac.bytes().begin(), message.mac.bytes().end(), link.sll_addr);
      header.msg_name = &link;
      header.msg_namelen = sizeof link;
    } else {
      b.parts[i][0] = {payload, message.bytes.size()};
      header.msg_iovlen = 1;
      ::sockaddr_in& peer = b.peers[i] = {};
      peer.sin_family = AF_INET;
      peer.sin_addr.s_addr = htonl(message.addresses.destination.value());
      peer.sin_port = htons(message.addresses.destination_port);
      header.msg_name = &peer;
      header.msg_namelen = sizeof peer;
      header.msg_control = b.controls[i].bytes.data();
      header.msg_controllen = b.controls[i].bytes.size();
      ::cmsghdr* part = CMSG_FIRSTHDR(&header);
      part->cmsg_level = IPPROTO_IP;
      part->cmsg_type = IP_PKTINFO;
      part->cmsg_len = CMSG_LEN(sizeof(::in_pktinfo));
      ::in_pktinfo info{};
      info.ipi_spec_dst.s_addr = htonl(message.addresses.source.value());
      std::memcpy(CMSG_DATA(part), &info, sizeof info);
    }
  }
  std::size_t done = 0;
  while (done < batch.size()) {
    const int count = ::sendmmsg(as_frame ? raw_.get() : udp_.get(), b.messages.data() + done,
                                 static_cast<unsigned>(batch.size() - done), MSG_DONTWAIT);
    if (count <= 0) {
      if (errno == EINTR) continue;
      ++done;  // this one is lost: the others may go elsewhere
      continue;
    }
    for (int i = 0; i < count; ++i) batch[done++]->sent = true;
  }
}

}  // namespace piman::netboot::dhcp
