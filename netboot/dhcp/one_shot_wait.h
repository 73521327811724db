// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "common/result.h"
#include "netboot/asio.h"

/// Waits once for a socket to become readable, and leaves it alone until asked again. Asio's own registration is
/// edge-triggered for good: each datagram that comes while nobody waits would wake the thread for nothing.
namespace piman::netboot::dhcp {

/// Thread-safety: none; lives on the thread of its io_context, or that has stopped.
class OneShotWait {
 public:
  explicit OneShotWait(asio::io_context& io) : waiter_(io) {}
  /// The socket outlives this object.
  Result<void> open(int socket);
  /// `then` is called when the socket is readable, at once if it is already. REQUIRES: no earlier wait is open.
  void wait(std::function<void()> then);

 private:
  int socket_ = -1;
  asio::posix::stream_descriptor waiter_;  // an epoll of its own, with that socket in it
};

}  // namespace piman::netboot::dhcp
