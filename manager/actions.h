// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <thread>

#include "common/clock.h"
#include "common/mutex.h"

/// One thread for slow things, such as asking a switch, so that no other thread waits for them.
namespace piman::manager {

/// Tasks run one after another, by the time that they are for and then in the order they came. They take the stop token
/// to end early: within 2 s after stop(). Results: what a task calls. Thread-safety: every method from any thread, but
/// stop() and the destructor not from a task.
class Actions {
 public:
  using Task = std::function<void(const std::stop_token& stop)>;

  explicit Actions(std::size_t most_queued = 4096);
  ~Actions();
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;

  /// False when the queue is full or the worker was stopped: the task will not run.
  [[nodiscard]] bool post(Task task) PIMAN_EXCLUDES(mutex_);
  /// Not before `when`.
  [[nodiscard]] bool post_at(SteadyTime when, Task task) PIMAN_EXCLUDES(mutex_);
  /// Waits for the task that runs; those that wait are dropped. May be called again.
  void stop() PIMAN_EXCLUDES(mutex_);

 private:
  void run(const std::stop_token& stop) PIMAN_EXCLUDES(mutex_);

  const std::size_t most_queued_;
  Mutex mutex_;
  ConditionVariable changed_;
  std::multimap<SteadyTime, Task> queue_ PIMAN_GUARDED_BY(mutex_);
  bool stopped_ PIMAN_GUARDED_BY(mutex_) = false;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace piman::manager
