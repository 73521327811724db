// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>
#include <sched.h>

namespace piman::agent {

/// Two threads that hand work to and fro, one always waiting for the other, gain nothing from two cores: each hand-over
/// would wake an idle core out of its sleep, which starts with cold caches. While this lives, the calling thread stays
/// on the core that it is on, and the other one follows it there; after it, the caller may go anywhere again. So the
/// scheduler still chooses the core, once a scrape. Only a hint: where the kernel refuses, both run where they like.
class SameCore {
 public:
  /// `core_of_other`: where `other` was told to be by the last of these, -1 before the first.
  SameCore(pthread_t other, int& core_of_other);
  ~SameCore();
  SameCore(const SameCore&) = delete;
  SameCore& operator=(const SameCore&) = delete;

 private:
  cpu_set_t own_{};  ///< the cores the caller may use, by whoever decided so
  bool bound_ = false;
};

}  // namespace piman::agent
