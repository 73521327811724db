// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "manager/fleet/node.h"

namespace piman::manager::api {

/// Pure: at most `most` points over the same time. Each is the mean of a run of neighbours, at the time of the last of
/// them; values that are not known (NaN) don't count, and a run without any stays NaN.
std::vector<HistoryPoint> thinned_history(std::span<const HistoryPoint> points, std::size_t most);

}  // namespace piman::manager::api
