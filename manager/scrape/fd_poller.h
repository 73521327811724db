// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"

/// Waits for many file descriptors at once (epoll), or for another thread that wants attention (eventfd).
/// Thread-safety: one thread; only wake() may be called from others.
namespace piman::manager {

class FdPoller {
 public:
  struct Ready {
    int fd = -1;
    std::uint32_t owner = 0;
    bool readable = false;
    bool writable = false;
    bool failed = false;
  };

  /// Errors: the system is out of file descriptors.
  Result<void> open();
  /// Begins to watch a descriptor, or changes what it is watched for. `owner` comes back in Ready.
  void watch(int fd, std::uint32_t owner, bool for_reading, bool for_writing);
  void forget(int fd);
  /// What is ready after `most` at the latest; empty when nothing is or when woken. Valid until the next call.
  std::span<const Ready> wait(std::chrono::milliseconds most);
  /// Ends the wait() in progress, or else the next one, at once. From any thread.
  void wake();

 private:
  UniqueFd epoll_;
  UniqueFd wake_;
  std::vector<Ready> ready_;
};

}  // namespace piman::manager
