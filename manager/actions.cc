// SPDX-License-Identifier: Apache-2.0
#include "manager/actions.h"

#include <utility>

namespace piman::manager {

Actions::Actions(std::size_t most_queued)
    : most_queued_(most_queued), thread_([this](const std::stop_token& stop) { run(stop); }) {}

Actions::~Actions() { stop(); }

bool Actions::post(Task task) { return post_at(std::chrono::steady_clock::now(), std::move(task)); }

bool Actions::post_at(SteadyTime when, Task task) {
  {
    const MutexLock lock(mutex_);
    if (stopped_ || queue_.size() >= most_queued_) return false;
    queue_.emplace(when, std::move(task));
  }
  changed_.notify_one();
  return true;
}

void Actions::stop() {
  {
    const MutexLock lock(mutex_);
    stopped_ = true;
  }
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Actions::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Task task;
    {
      const MutexLock lock(mutex_);
      const auto is_due = [this]() PIMAN_REQUIRES(mutex_) {
        return !queue_.empty() && queue_.begin()->first <= std::chrono::steady_clock::now();
      };
      if (!is_due()) {
        const bool was_empty = queue_.empty();
        const SteadyTime next = was_empty ? SteadyTime{} : queue_.begin()->first;
        // Ends, too, when something comes to stand in front: the next round waits for that.
        const auto changed = [&]() PIMAN_REQUIRES(mutex_) {
          return !queue_.empty() && (was_empty || queue_.begin()->first < next || is_due());
        };
        if (was_empty) {
          changed_.wait(mutex_, stop, changed);
        } else {
          changed_.wait_until(mutex_, stop, next, changed);
        }
        continue;
      }
      task = std::move(queue_.extract(queue_.begin()).mapped());
    }
    task(stop);
  }
}

}  // namespace piman::manager
