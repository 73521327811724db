// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>

#include <csignal>

namespace piman {

/// Turns SIGTERM, SIGINT and SIGHUP into something a thread waits for, and ignores SIGPIPE. Make one in main() before
/// any thread starts: threads inherit the blocked signals.
class ShutdownSignals {
 public:
  ShutdownSignals() {
    ::sigemptyset(&signals_);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&signals_, number);
    ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
  }

  /// Blocks until one of the signals arrives and returns its number.
  int wait() const {
    int number = 0;
    while (::sigwait(&signals_, &number) != 0) {
    }
    return number;
  }

 private:
  ::sigset_t signals_{};
};

}  // namespace piman
