// SPDX-License-Identifier: Apache-2.0
#include "tests/pisim/wire.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/text.h"

namespace piman::pisim {
namespace {

constexpr std::size_t kBatch = 64;
constexpr std::size_t kFrameBytes = 2048;
constexpr int kSocketBytes = 64 * 1024 * 1024;
constexpr int kSendTries = 100;

Error system_error(const std::string& what) { return {concat(what, ": ", std::strerror(errno))}; }

template <class Value>
bool set_option(int fd, int level, int name, const Value& value) {
  return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

}  // namespace

struct Wire::Buffers {
  struct alignas(cmsghdr) Control {
    std::array<char, CMSG_SPACE(sizeof(tpacket_auxdata))> bytes;
  };
  std::array<std::array<std::uint8_t, kFrameBytes>, kBatch> frames;
  std::array<Control, kBatch> controls;
  std::array<iovec, kBatch> parts;
  std::array<mmsghdr, kBatch> messages;
};

Result<std::unique_ptr<Wire>> Wire::open(const std::string& interface) {
  const unsigned index = ::if_nametoindex(interface.c_str());
  if (index == 0) return fail(system_error(concat("interface ", quote(interface))).message);
  // Bound before it listens, so that no frame of another interface gets in.
  const int fd = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return fail(system_error("opening a packet socket").message);
  std::unique_ptr<Wire> wire(new Wire(fd));
  // Without these it still works, less well: bursts are lost sooner, own frames come back and are dropped by their MAC.
  static_cast<void>(set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, kSocketBytes) ||
                    set_option(fd, SOL_SOCKET, SO_RCVBUF, kSocketBytes));
  static_cast<void>(set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, kSocketBytes / 8));
  if (!set_option(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1) || !set_option(fd, SOL_PACKET, PACKET_AUXDATA, 1)) {
    return fail(system_error("setting up the packet socket").message);
  }
  packet_mreq promiscuous{};
  promiscuous.mr_ifindex = static_cast<int>(index);
  promiscuous.mr_type = PACKET_MR_PROMISC;
  if (!set_option(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, promiscuous)) {
    return fail(system_error(concat("listening for many MACs on ", interface)).message);
  }
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(index);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail(system_error(concat("binding to ", interface)).message);
  }
  return wire;
}

Wire::Wire(int fd) : fd_(fd), buffers_(std::make_unique<Buffers>()) {}

Wire::~Wire() { ::close(fd_); }

const std::vector<Wire::Received>& Wire::receive() {
  Buffers& b = *buffers_;
  received_.clear();
  for (std::size_t i = 0; i < kBatch; ++i) {
    b.parts[i] = {b.frames[i].data(), kFrameBytes};
    b.messages[i] = {};
    b.messages[i].msg_hdr.msg_iov = &b.parts[i];
    b.messages[i].msg_hdr.msg_iovlen = 1;
    b.messages[i].msg_hdr.msg_control = b.controls[i].bytes.data();
    b.messages[i].msg_hdr.msg_controllen = b.controls[i].bytes.size();
  }
  const int count = ::recvmmsg(fd_, b.messages.data(), kBatch, MSG_DONTWAIT, nullptr);
  for (std::size_t i = 0; count > 0 && i < static_cast<std::size_t>(count); ++i) {
    msghdr& header = b.messages[i].msg_hdr;
    bool filled = true;
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
      if (part->cmsg_level != SOL_PACKET || part->cmsg_type != PACKET_AUXDATA) continue;
      tpacket_auxdata auxiliary{};
      std::memcpy(&auxiliary, CMSG_DATA(part), sizeof auxiliary);
      filled = (auxiliary.tp_status & TP_STATUS_CSUMNOTREADY) == 0;
    }
    if ((header.msg_flags & MSG_TRUNC) != 0) {
      ++oversized_;
      continue;
    }
    received_.push_back({ByteView(b.frames[i].data(), b.messages[i].msg_len), filled});
  }
  return received_;
}

void Wire::send(Bytes frame) {
  outgoing_.push_back(std::move(frame));
  if (outgoing_.size() == kBatch) flush();
}

void Wire::flush() {
  std::array<iovec, kBatch> parts{};
  std::array<mmsghdr, kBatch> messages{};
  for (std::size_t i = 0; i < outgoing_.size(); ++i) {
    parts[i] = {outgoing_[i].data(), outgoing_[i].size()};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  std::size_t sent = 0;
  for (int tries = 0; sent < outgoing_.size() && tries < kSendTries;) {
    const int count = ::sendmmsg(fd_, &messages[sent], static_cast<unsigned>(outgoing_.size() - sent), MSG_DONTWAIT);
    if (count > 0) {
      sent += static_cast<std::size_t>(count);
      continue;
    }
    ++tries;  // the device's queue is full: it empties within milliseconds, or the interface is down
    pollfd writable{fd_, POLLOUT, 0};
    ::poll(&writable, 1, 1);
  }
  unsent_ += outgoing_.size() - sent;
  outgoing_.clear();
}

std::uint64_t Wire::dropped_by_kernel() {
  tpacket_stats stats{};
  socklen_t length = sizeof stats;
  // Reading the counter sets it to zero.
  if (::getsockopt(fd_, SOL_PACKET, PACKET_STATISTICS, &stats, &length) == 0) dropped_ += stats.tp_drops;
  return dropped_;
}

}  // namespace piman::pisim
