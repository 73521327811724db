// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "common/result.h"
#include "common/unique_fd.h"
#include "netboot/dhcp/interface.h"
#include "netboot/dhcp/options.h"
#include "netboot/dhcp/udp_frame.h"

/// UDP at one port of one interface, many messages a system call, with a second way out for clients without an address.
/// All sockets are non-blocking: what the kernel does not take at once is lost, and the client asks again.
namespace piman::netboot::dhcp {

struct Incoming {
  Bytes bytes;
  Ipv4Address source;
  std::uint16_t source_port = 0;
  Ipv4Address own_address;  ///< of this machine, that the message was sent to or, by broadcast, meant
};

/// One message to send. `bytes` outlives the call.
struct Outgoing {
  UdpAddresses addresses;
  bool as_frame = false;  ///< straight to `mac`, without asking ARP or the routes
  MacAddress mac;
  Bytes bytes;
  bool sent = false;  ///< the result
};

/// Thread-safety: none.
class DatagramSocket {
 public:
  /// Binds to `port` on this interface alone.
  static Result<std::unique_ptr<DatagramSocket>> open(const Interface& interface, std::uint16_t port);
  ~DatagramSocket();

  const Interface& interface() const { return interface_; }
  int native_handle() const { return udp_.get(); }

  /// Takes at most a batch of what has arrived. Returns false when nothing more is waiting.
  bool receive(const std::function<void(const Incoming&)>& on_message);
  /// Sets `sent` in each.
  void send(std::span<Outgoing> messages);

 private:
  struct Buffers;
  DatagramSocket(const Interface& interface, UniqueFd udp, UniqueFd raw);
  void send_batch(std::span<Outgoing*> batch, bool as_frame);

  Interface interface_;
  UniqueFd udp_, raw_;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace piman::netboot::dhcp
