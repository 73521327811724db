// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <thread>

#include "node-agent/board_watch.h"

namespace piman::agent {

/// Looks at the board between the scrapes, so that a short dip of the voltage is seen. The thread ends at once where
/// there is nothing to look at.
class BoardPoller {
 public:
  /// Between the firmware's own two seconds and the usual 15 seconds of a scrape: two or three system calls each.
  static constexpr std::chrono::seconds kInterval{5};

  explicit BoardPoller(std::shared_ptr<BoardWatch> board, std::chrono::milliseconds interval = kInterval);

 private:
  static void run(const std::stop_token& stop, BoardWatch& board, std::chrono::milliseconds interval);

  std::shared_ptr<BoardWatch> board_;
  std::jthread thread_;  // last: it ends before what it uses
};

}  // namespace piman::agent
