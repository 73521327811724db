// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <thread>

#include "common/unique_fd.h"
#include "node-agent/board_watch.h"

namespace piman::agent {

/// Looks at the board between the scrapes, so that a short dip of the voltage is seen. The thread ends at once where
/// there is nothing to look at, and sleeps until something happens where the kernel tells.
class BoardPoller {
 public:
  /// Between the firmware's own two seconds and the usual 15 seconds of a scrape: two or three system calls each.
  /// It is also the least between two looks, however much there is to see.
  static constexpr std::chrono::seconds kInterval{5};

  /// Before the first look: whoever starts the agent waits for its page, and the log of a whole boot is long.
  static constexpr std::chrono::milliseconds kFirstDelay{500};

  explicit BoardPoller(std::shared_ptr<BoardWatch> board, std::chrono::milliseconds interval = kInterval);

 private:
  static void run(const std::stop_token& stop, int stopping, BoardWatch& board, std::chrono::milliseconds interval);

  std::shared_ptr<BoardWatch> board_;
  UniqueFd stopping_;    ///< readable when the thread is to end
  std::jthread thread_;  // last: it ends before what it uses
};

}  // namespace piman::agent
