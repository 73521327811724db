// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>

/// A mutex that clang's thread-safety analysis understands (libstdc++'s is not annotated). Members it protects are
/// marked PIMAN_GUARDED_BY(mutex_); the `clang` preset then refuses an access without the lock.
#if defined(__clang__)
#define PIMAN_ANNOTATION(x) __attribute__((x))
#else
#define PIMAN_ANNOTATION(x)
#endif
#define PIMAN_GUARDED_BY(x) PIMAN_ANNOTATION(guarded_by(x))
#define PIMAN_REQUIRES(...) PIMAN_ANNOTATION(requires_capability(__VA_ARGS__))
#define PIMAN_EXCLUDES(...) PIMAN_ANNOTATION(locks_excluded(__VA_ARGS__))

namespace piman {

class PIMAN_ANNOTATION(capability("mutex")) Mutex {
 public:
  void lock() PIMAN_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void unlock() PIMAN_ANNOTATION(release_capability()) { mutex_.unlock(); }
  bool try_lock() PIMAN_ANNOTATION(try_acquire_capability(true)) { return mutex_.try_lock(); }

 private:
  std::mutex mutex_;
};

/// Holds a Mutex for a scope.
class PIMAN_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) PIMAN_ANNOTATION(acquire_capability(mutex)) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() PIMAN_ANNOTATION(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// Waits on a held Mutex; the _any variant works with any lockable.
using ConditionVariable = std::condition_variable_any;

}  // namespace piman
