// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <vector>

#include "netboot/asio.h"
#include "netboot/dhcp/datagram_socket.h"
#include "netboot/dhcp/neighbours.h"
#include "netboot/dhcp/pace.h"
#include "netboot/dhcp/responder.h"
#include "netboot/observer.h"

/// Sends replies through one socket: many at a time, each when it is due, and not faster than a relay takes them.
namespace piman::netboot::dhcp {

/// A reply on its way: where it goes, what it says, and what is told of it.
struct Reply {
  UdpAddresses addresses;
  bool as_frame = false;
  MacAddress mac;
  std::vector<std::uint8_t> bytes;
  DhcpEvent event;                 ///< with `sent`; told to the observer when the first frame has left
  bool confirm_neighbour = false;  ///< the client will not answer ARP
};

/// Thread-safety: none; lives on the thread of its io_context, or that has stopped. What it is made of outlives it.
class ReplySender {
 public:
  ReplySender(asio::io_context& io, DatagramSocket& socket, Observer& observer)
      : socket_(socket), observer_(observer), timer_(io), next_burst_(io) {}

  /// At most this many frames wait for their time, and as many for others to leave; what is more is not sent.
  static constexpr std::size_t kMostDelayed = 4096;

  /// Takes a reply to a message that arrived at `arrived`. What is due now leaves with flush(), or soon after it.
  void add(Reply reply, const Timing& timing, SteadyTime arrived, SteadyTime now);
  void flush();

 private:
  struct Frame {
    Reply reply;
    bool is_told = false;  // a repetition or a nudge: the observer knows
  };
  static Frame nudge_for(const Reply& reply);
  void queue(Frame frame);
  void delay(Frame frame, SteadyTime due);
  void arm_timer();
  void on_timer();

  DatagramSocket& socket_;
  Observer& observer_;
  Neighbours neighbours_;
  std::deque<Frame> ready_;
  Pace pace_;
  std::vector<Outgoing> outgoing_;  // kept for its memory
  std::multimap<SteadyTime, Frame> delayed_;
  asio::steady_timer timer_, next_burst_;
  bool awaits_burst_ = false;
};

}  // namespace piman::netboot::dhcp
