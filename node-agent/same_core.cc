// SPDX-License-Identifier: Apache-2.0
#include "node-agent/same_core.h"

#include <cstddef>

namespace piman::agent {

SameCore::SameCore(pthread_t other, int& core_of_other) {
  if (::pthread_getaffinity_np(::pthread_self(), sizeof own_, &own_) != 0 || CPU_COUNT(&own_) < 2) return;
  const int core = ::sched_getcpu();
  if (core < 0 || core >= CPU_SETSIZE) return;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(core), &one);
  if (::pthread_setaffinity_np(::pthread_self(), sizeof one, &one) != 0) return;
  bound_ = true;
  if (core_of_other == core) return;
  // A refusal is tried again by the next scrape.
  core_of_other = ::pthread_setaffinity_np(other, sizeof one, &one) == 0 ? core : -1;
}

SameCore::~SameCore() {
  if (bound_) ::pthread_setaffinity_np(::pthread_self(), sizeof own_, &own_);
}

}  // namespace piman::agent
