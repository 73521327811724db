// SPDX-License-Identifier: Apache-2.0
#include "node-agent/prefault.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22  // of Linux 5.14
#define MADV_POPULATE_WRITE 23
#endif

// Set by the linker: where the program's first segment and its constants end.
extern "C" const char __executable_start;  // NOLINT(bugprone-reserved-identifier): the linker's name
extern "C" const char __etext;             // NOLINT(bugprone-reserved-identifier): the linker's name

namespace piman::agent {
namespace {

void populate(std::uintptr_t from, std::uintptr_t to, int advice) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  from = (from + page - 1) / page * page;
  to = to / page * page;
  if (from < to) ::madvise(reinterpret_cast<void*>(from), to - from, advice);
}

std::uintptr_t address(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

}  // namespace

void prefault_program() { populate(address(&__executable_start), address(&__etext), MADV_POPULATE_READ); }

void prefault_heap(std::size_t bytes) {
  const std::uintptr_t begin = address(::sbrk(0));
  void* volatile seen = std::malloc(bytes);  // volatile: a compiler may leave a malloc and its free out
  std::free(seen);
  populate(begin, address(::sbrk(0)), MADV_POPULATE_WRITE);
}

void prefault_stack(std::size_t bytes) {
  const char here = 0;
  populate(address(&here) - bytes, address(&here), MADV_POPULATE_WRITE);
}

}  // namespace piman::agent
