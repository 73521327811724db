// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "common/clock.h"
#include "manager/store/database.h"

namespace piman::manager {

/// A column of milliseconds of Unix time. A damaged row may say what no clock can hold: it is then the farthest that
/// one of ours goes, so that times can be subtracted.
inline std::int64_t time_ms(const Statement& row, int column) {
  return std::clamp<std::int64_t>(row.number(column), 0, kFarthestTime.count());
}

}  // namespace piman::manager
