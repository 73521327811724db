// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/net_types.h"
#include "common/result.h"
#include "common/unique_fd.h"

/// UDP in batches: recvmmsg and sendmmsg move up to 64 packets a call, and the full blocks of a window leave as one
/// message that the kernel cuts (UDP_SEGMENT).
namespace piman::netboot::tftp {

struct Endpoint {
  Ipv4Address address;
  std::uint16_t port = 0;
  auto operator<=>(const Endpoint&) const = default;
};

struct SocketSettings {
  Ipv4Address address;         ///< 0.0.0.0: all of this machine
  std::uint16_t port = 0;      ///< 0: any free one
  std::string interface = {};  ///< SO_BINDTODEVICE; empty: all
  bool tells_local = true;     ///< of each packet, which local address it came to
  /// How long receive_waiting() waits on it; 0: for ever.
  std::chrono::microseconds patience{0};
};

/// A non-blocking UDP socket.
/// Errors: whatever the system has against it, with the address.
Result<UniqueFd> open_udp(const SocketSettings& settings);
/// The port that it is bound to; 0 when it is no socket.
std::uint16_t bound_port(int socket);

/// Packets as they came. What was longer than kMaxBytes is cut.
class ReceiveBatch {
 public:
  static constexpr std::size_t kMaxPackets = 64, kMaxBytes = 1500;

  struct Packet {
    Endpoint from;
    Ipv4Address local;           ///< this machine's address for answers
    bool was_broadcast = false;  ///< sent to another address than `local`
    std::span<const std::uint8_t> bytes;
  };

  ReceiveBatch();
  /// Takes what is there, `most` at the most, without waiting; returns how many. An error of the socket is no packet.
  std::size_t receive(int socket, std::size_t most = kMaxPackets);
  /// Takes one, for which it waits as long as the socket's patience goes, if the socket is in blocking mode. False when
  /// none came.
  bool receive_waiting(int socket) { return take(socket, 1, 0) == 1; }
  /// Valid until the next receive().
  Packet packet(std::size_t index) const;

 private:
  using Control = std::array<std::byte, CMSG_SPACE(sizeof(in_pktinfo))>;

  std::size_t take(int socket, std::size_t most, int flags);

  std::vector<mmsghdr> headers_;
  std::vector<iovec> pieces_;
  std::vector<sockaddr_in> senders_;
  std::vector<Control> controls_;
  std::unique_ptr<std::uint8_t[]> bytes_;
};

/// Packets to send, in one piece of memory that is used again and again.
class SendBatch {
 public:
  static constexpr std::size_t kMaxMessages = 64;
  /// The most that one message holds: 64 segments, all of them in one UDP length.
  static constexpr std::size_t kMaxSegments = 64, kMaxMessageBytes = 65507;

  SendBatch();

  /// Where the next message's bytes go; empty when the batch has no room for the longest message.
  std::span<std::uint8_t> room();
  /// The first `length` bytes of room() go to `to`, from the address `from`; 0.0.0.0: from the socket's own. With
  /// `segment_bytes` > 0 they are several packets of that length each, but for the last one, which may be shorter.
  void add(const Endpoint& to, Ipv4Address from, std::size_t length, std::size_t segment_bytes = 0);
  /// Whoever the last message goes to has just answered: the kernel need not ask for its hardware address, which some
  /// boot programs no longer tell. Source: send(2), MSG_CONFIRM.
  void mark_reachable() { is_reachable_[count_ - 1] = true; }
  bool empty() const { return count_ == 0; }
  /// Sends all. False when the socket takes no more now: the rest stays, call again when it is writable. A packet that
  /// can't be sent for another reason is dropped as the network might have done.
  bool flush(int socket);
  /// How many segments a message may have: one, once the system has refused to cut messages.
  std::size_t max_segments() const { return segments_refused_ ? 1 : kMaxSegments; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  static constexpr std::size_t kArenaBytes = 256 << 10;
  using Control = std::array<std::byte, CMSG_SPACE(sizeof(in_pktinfo)) + CMSG_SPACE(sizeof(std::uint16_t))>;

  int flags_of(std::size_t index) const;
  bool send_one_by_one(int socket, std::size_t index);

  std::vector<mmsghdr> headers_;
  std::vector<iovec> pieces_;
  std::vector<sockaddr_in> receivers_;
  std::vector<Control> controls_;
  std::vector<std::size_t> segment_bytes_;
  std::vector<bool> is_reachable_;
  std::unique_ptr<std::uint8_t[]> arena_;
  std::size_t used_ = 0, count_ = 0, next_ = 0;
  std::uint64_t dropped_ = 0;
  bool segments_refused_ = false;
};

}  // namespace piman::netboot::tftp
