// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <cstdlib>

/// Aborts with the broken condition. Only for what no input, file or peer can cause: a bug in piman itself.
#define PIMAN_CHECK(condition)                                         \
  do {                                                                 \
    if (!(condition)) [[unlikely]] {                                   \
      std::fputs("piman: broken invariant: " #condition "\n", stderr); \
      std::abort();                                                    \
    }                                                                  \
  } while (false)
