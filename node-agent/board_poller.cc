// SPDX-License-Identifier: Apache-2.0
#include "node-agent/board_poller.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <utility>

#include "common/mutex.h"

namespace piman::agent {

namespace {

std::shared_ptr<BoardWatch> leave_first_reading(std::shared_ptr<BoardWatch> board) {
  board->leave_first_reading_to_poll();
  return board;
}

}  // namespace

BoardPoller::BoardPoller(std::shared_ptr<BoardWatch> board, std::chrono::milliseconds interval)
    : board_(leave_first_reading(std::move(board))),
      stopping_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([watched = board_.get(), stopping = stopping_.get(), interval](const std::stop_token& stop) {
        run(stop, stopping, *watched, interval);
      }) {}

void BoardPoller::run(const std::stop_token& stop, int stopping, BoardWatch& board,
                      std::chrono::milliseconds interval) {
  const std::stop_callback on_stop(stop, [stopping] { ::eventfd_write(stopping, 1); });
  Mutex mutex;
  ConditionVariable stopped;
  const auto sleep_until = [&](SteadyTime time) {
    const MutexLock lock(mutex);
    stopped.wait_until(mutex, stop, time, [] { return false; });
  };
  sleep_until(std::chrono::steady_clock::now() + std::min<std::chrono::milliseconds>(interval, kFirstDelay));
  while (!stop.stop_requested()) {
    const SteadyTime begin = std::chrono::steady_clock::now();
    const BoardWatch::NextPoll next = board.poll(begin);
    if (next == BoardWatch::NextPoll::kNever) return;
    if (next == BoardWatch::NextPoll::kOnEvent && stopping >= 0) board.wait_for_event(stopping);
    sleep_until(begin + interval);
  }
}

}  // namespace piman::agent
