// SPDX-License-Identifier: Apache-2.0
#include "netboot/tftp/datagrams.h"

#include <netinet/udp.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/check.h"
#include "common/text.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

namespace piman::netboot::tftp {
namespace {

/// Some thousand ACKs at once: each takes 768 bytes of the kernel's memory however short it is.
constexpr int kSocketBufferBytes = 4 << 20;

sockaddr_in socket_address(Ipv4Address address, std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(address.value());
  out.sin_port = htons(port);
  return out;
}

void set_buffer(int socket, int force_option, int option) {
  const int bytes = kSocketBufferBytes;
  if (::setsockopt(socket, SOL_SOCKET, force_option, &bytes, sizeof bytes) != 0) {
    ::setsockopt(socket, SOL_SOCKET, option, &bytes, sizeof bytes);  // as much as the system's limit allows
  }
}

template <class Value>
void put_control(cmsghdr* header, int level, int type, const Value& value) {
  header->cmsg_level = level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(header), &value, sizeof value);
}

}  // namespace

Result<UniqueFd> open_udp(const SocketSettings& settings) {
  const std::string where = HostPort{settings.address.to_string(), settings.port}.to_string();
  const auto failed = [&](std::string_view what) {
    return fail(concat(what, " UDP ", where, settings.interface.empty() ? "" : " on ", settings.interface, ": ",
                       std::strerror(errno)));  // NOLINT(concurrency-mt-unsafe)
  };
  UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return failed("making a socket for");
  const int on = 1;
  if (settings.tells_local && ::setsockopt(fd.get(), IPPROTO_IP, IP_PKTINFO, &on, sizeof on) != 0) {
    return failed("asking for addresses at");
  }
  if (!settings.interface.empty() && ::setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, settings.interface.c_str(),
                                                  static_cast<socklen_t>(settings.interface.size())) != 0) {
    return failed("binding to the interface for");
  }
  timeval patience{};
  patience.tv_sec = settings.patience / std::chrono::seconds(1);
  patience.tv_usec = static_cast<suseconds_t>((settings.patience % std::chrono::seconds(1)).count());
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) {
    return failed("setting a time-out for");
  }
  set_buffer(fd.get(), SO_RCVBUFFORCE, SO_RCVBUF);
  set_buffer(fd.get(), SO_SNDBUFFORCE, SO_SNDBUF);
  const sockaddr_in address = socket_address(settings.address, settings.port);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return failed("listening on");
  return fd;
}

std::uint16_t bound_port(int socket) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0) return 0;
  return ntohs(address.sin_port);
}

ReceiveBatch::ReceiveBatch()
    : headers_(kMaxPackets),
      pieces_(kMaxPackets),
      senders_(kMaxPackets),
      controls_(kMaxPackets),
      bytes_(new std::uint8_t[kMaxPackets * kMaxBytes]) {
  for (std::size_t i = 0; i < kMaxPackets; ++i) {
    pieces_[i] = {bytes_.get() + i * kMaxBytes, kMaxBytes};
    headers_[i].msg_hdr.msg_iov = &pieces_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
    headers_[i].msg_hdr.msg_name = &senders_[i];
    headers_[i].msg_hdr.msg_control = controls_[i].data();
  }
}

std::size_t ReceiveBatch::receive(int socket, std::size_t most) {
  return take(socket, std::min(most, kMaxPackets), MSG_DONTWAIT);
}

std::size_t ReceiveBatch::take(int socket, std::size_t most, int flags) {
  for (std::size_t i = 0; i < most; ++i) {  // the kernel shortens these
    headers_[i].msg_hdr.msg_namelen = sizeof(sockaddr_in);
    headers_[i].msg_hdr.msg_controllen = sizeof(Control);
  }
  const int count = ::recvmmsg(socket, headers_.data(), static_cast<unsigned>(most), flags, nullptr);
  return count < 0 ? 0 : static_cast<std::size_t>(count);
}

ReceiveBatch::Packet ReceiveBatch::packet(std::size_t index) const {
  const mmsghdr& header = headers_[index];
  Packet packet{.from = {Ipv4Address(ntohl(senders_[index].sin_addr.s_addr)), ntohs(senders_[index].sin_port)},
                .local = {},
                .was_broadcast = false,
                .bytes = {bytes_.get() + index * kMaxBytes, header.msg_len}};
  msghdr message = header.msg_hdr;
  for (const cmsghdr* control = CMSG_FIRSTHDR(&message); control != nullptr;
       control =
           CMSG_NXTHDR(&message, const_cast<cmsghdr*>(control))) {  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    if (control->cmsg_level != IPPROTO_IP || control->cmsg_type != IP_PKTINFO) continue;
    in_pktinfo info{};
    std::memcpy(&info, CMSG_DATA(control), sizeof info);
    packet.local = Ipv4Address(ntohl(info.ipi_spec_dst.s_addr));
    packet.was_broadcast = info.ipi_spec_dst.s_addr != info.ipi_addr.s_addr;
  }
  return packet;
}

SendBatch::SendBatch()
    : headers_(kMaxMessages),
      pieces_(kMaxMessages),
      receivers_(kMaxMessages),
      controls_(kMaxMessages),
      segment_bytes_(kMaxMessages),
      is_reachable_(kMaxMessages),
      arena_(new std::uint8_t[kArenaBytes]) {}

std::span<std::uint8_t> SendBatch::room() {
  if (count_ == kMaxMessages || kArenaBytes - used_ < kMaxMessageBytes) return {};
  return {arena_.get() + used_, kMaxMessageBytes};
}

void SendBatch::add(const Endpoint& to, Ipv4Address from, std::size_t length, std::size_t segment_bytes) {
  PIMAN_CHECK(count_ < kMaxMessages && length <= kArenaBytes - used_);
  const std::size_t i = count_++;
  pieces_[i] = {arena_.get() + used_, length};
  // The next message begins on a cache line of its own.
  used_ = std::min(kArenaBytes, (used_ + length + 63) / 64 * 64);
  receivers_[i] = socket_address(to.address, to.port);
  segment_bytes_[i] = segment_bytes;
  is_reachable_[i] = false;

  msghdr& message = headers_[i].msg_hdr;
  message = {};
  message.msg_name = &receivers_[i];
  message.msg_namelen = sizeof(sockaddr_in);
  message.msg_iov = &pieces_[i];
  message.msg_iovlen = 1;
  // The room for it is there whatever is put into it; the length says what was.
  controls_[i] = {};
  message.msg_control = controls_[i].data();
  message.msg_controllen = sizeof(Control);
  std::size_t control_bytes = 0;
  cmsghdr* control = CMSG_FIRSTHDR(&message);
  if (from != Ipv4Address()) {
    // Only the address: which interface leads to the client is for the routes to say, it may sit behind a router.
    in_pktinfo info{};
    info.ipi_spec_dst.s_addr = htonl(from.value());
    put_control(control, IPPROTO_IP, IP_PKTINFO, info);
    control_bytes = CMSG_SPACE(sizeof info);
    control = CMSG_NXTHDR(&message, control);
  }
  if (segment_bytes > 0) {
    put_control(control, SOL_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(segment_bytes));
    control_bytes += CMSG_SPACE(sizeof(std::uint16_t));
  }
  message.msg_controllen = control_bytes;
  if (control_bytes == 0) message.msg_control = nullptr;
}

int SendBatch::flags_of(std::size_t index) const { return MSG_DONTWAIT | (is_reachable_[index] ? MSG_CONFIRM : 0); }

bool SendBatch::flush(int socket) {
  while (next_ < count_) {
    // The flags are those of a call, not of a message.
    std::size_t end = next_ + 1;
    while (end < count_ && is_reachable_[end] == is_reachable_[next_]) ++end;
    const int sent = ::sendmmsg(socket, headers_.data() + next_, static_cast<unsigned>(end - next_), flags_of(next_));
    if (sent > 0) {
      next_ += static_cast<std::size_t>(sent);
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
    if (errno == EINTR) continue;
    // An interface without checksum offload refuses to cut messages (EIO), a small MTU refuses the segments (EINVAL).
    if (segment_bytes_[next_] > 0) {
      segments_refused_ = true;
      if (!send_one_by_one(socket, next_)) return false;
    } else {
      ++dropped_;
    }
    ++next_;
  }
  used_ = count_ = next_ = 0;
  return true;
}

/// Sends a message's segments as single packets; what it could not send yet stays in the message.
bool SendBatch::send_one_by_one(int socket, std::size_t index) {
  msghdr message = headers_[index].msg_hdr;
  message.msg_controllen -= CMSG_SPACE(sizeof(std::uint16_t));  // the segments' length comes last
  iovec& rest = pieces_[index];
  while (rest.iov_len > 0) {
    iovec piece{rest.iov_base, std::min(rest.iov_len, segment_bytes_[index])};
    message.msg_iov = &piece;
    if (::sendmsg(socket, &message, flags_of(index)) < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
      if (errno == EINTR) continue;
      ++dropped_;
    }
    rest.iov_base = static_cast<std::uint8_t*>(rest.iov_base) + piece.iov_len;
    rest.iov_len -= piece.iov_len;
  }
  return true;
}

}  // namespace piman::netboot::tftp
