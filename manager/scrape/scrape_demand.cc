// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/scrape_demand.h"

#include <utility>

namespace piman::manager {

bool ScrapeDemand::wait(const std::string& name, std::uint64_t before, std::chrono::milliseconds most) {
  const auto deadline = std::chrono::steady_clock::now() + most;
  const MutexLock lock(mutex_);
  Entry& entry = entries_[name];  // is there: this one waits; and stays where it is
  bool in_time = true;
  while (entry.ended == before && !closed_ && in_time) {
    in_time = changed_.wait_until(mutex_, deadline) == std::cv_status::no_timeout;
  }
  const bool ended = entry.ended != before;
  --waiting_;
  if (--entry.waiting == 0) entries_.erase(name);
  return ended;
}

std::vector<std::string> ScrapeDemand::take() {
  const MutexLock lock(mutex_);
  return std::exchange(wanted_, {});
}

void ScrapeDemand::done(const std::string& name) {
  {
    const MutexLock lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end()) return;
    ++found->second.ended;
  }
  changed_.notify_all();
}

void ScrapeDemand::close() {
  {
    const MutexLock lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

}  // namespace piman::manager
