// SPDX-License-Identifier: Apache-2.0
#include "node-agent/board_poller.h"

#include <utility>

#include "common/mutex.h"

namespace piman::agent {

BoardPoller::BoardPoller(std::shared_ptr<BoardWatch> board, std::chrono::milliseconds interval)
    : board_(std::move(board)),
      thread_([watched = board_.get(), interval](const std::stop_token& stop) { run(stop, *watched, interval); }) {}

void BoardPoller::run(const std::stop_token& stop, BoardWatch& board, std::chrono::milliseconds interval) {
  Mutex mutex;
  ConditionVariable stopped;
  while (!stop.stop_requested() && board.poll(std::chrono::steady_clock::now())) {
    const MutexLock lock(mutex);
    stopped.wait_for(mutex, stop, interval, [] { return false; });
  }
}

}  // namespace piman::agent
