// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace piman::agent {

/// Memory that the first scrape will touch, mapped in a few calls to the kernel: page by page, each first touch is an
/// exception, and those were a third of a cold start. Only a hint: on a kernel before 5.14, which does not know it,
/// the pages come one by one as ever.

/// The program's own code and constants.
void prefault_program();

/// Grows the heap by `bytes` and maps them. Call before other threads run.
/// REQUIRES: M_MMAP_THRESHOLD and M_TRIM_THRESHOLD > `bytes`.
void prefault_heap(std::size_t bytes);

/// The upper `bytes` of the calling thread's stack, below the present frame.
void prefault_stack(std::size_t bytes);

}  // namespace piman::agent
