// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/mutex.h"

/// Those who want a node scraped now and wait for it; all who want the same node share one scrape.
/// Thread-safety: wait_for() from any thread; the rest belongs to the scraper's.
namespace piman::manager {

class ScrapeDemand {
 public:
  /// True once a scrape of the node has ended that was under way or began after the call. False: not within `most`, the
  /// scraper has stopped, or kMostWaiting others wait already. `wake` is called when the scraper has to look.
  template <typename Wake>
  bool wait_for(const std::string& name, std::chrono::milliseconds most, Wake&& wake) {
    std::uint64_t before = 0;
    {
      const MutexLock lock(mutex_);
      if (closed_ || waiting_ >= kMostWaiting) return false;
      Entry& entry = entries_[name];
      if (entry.waiting++ == 0) wanted_.push_back(name);
      before = entry.ended;
      ++waiting_;
    }
    wake();
    return wait(name, before, most);
  }

  /// The names that came since the last call.
  std::vector<std::string> take();
  /// A scrape of this node has ended, or there will be none.
  void done(const std::string& name);
  /// Nobody waits any more.
  void close();

  static constexpr std::size_t kMostWaiting = 32;

 private:
  struct Entry {
    std::size_t waiting = 0;
    std::uint64_t ended = 0;  ///< scrapes since somebody waits
  };
  bool wait(const std::string& name, std::uint64_t before, std::chrono::milliseconds most);

  Mutex mutex_;
  ConditionVariable changed_;
  std::map<std::string, Entry> entries_ PIMAN_GUARDED_BY(mutex_);
  std::vector<std::string> wanted_ PIMAN_GUARDED_BY(mutex_);
  std::size_t waiting_ PIMAN_GUARDED_BY(mutex_) = 0;
  bool closed_ PIMAN_GUARDED_BY(mutex_) = false;
};

}  // namespace piman::manager
