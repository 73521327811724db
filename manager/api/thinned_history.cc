// SPDX-License-Identifier: Apache-2.0
#include "manager/api/thinned_history.h"

#include <cmath>
#include <limits>

namespace piman::manager::api {
namespace {

float mean_of(std::span<const HistoryPoint> run, float HistoryPoint::*member) {
  float sum = 0;
  int count = 0;
  for (const HistoryPoint& point : run) {
    if (std::isnan(point.*member)) continue;
    sum += point.*member;
    ++count;
  }
  return count == 0 ? std::numeric_limits<float>::quiet_NaN() : sum / static_cast<float>(count);
}

}  // namespace

std::vector<HistoryPoint> thinned_history(std::span<const HistoryPoint> points, std::size_t most) {
  if (points.size() <= most) return {points.begin(), points.end()};
  std::vector<HistoryPoint> thinned;
  thinned.reserve(most);
  for (std::size_t i = 0; i < most; ++i) {
    const std::size_t begin = i * points.size() / most;
    const std::size_t end = (i + 1) * points.size() / most;
    const auto run = points.subspan(begin, end - begin);
    thinned.push_back(HistoryPoint{
        run.back().at, mean_of(run, &HistoryPoint::cpu_percent), mean_of(run, &HistoryPoint::memory_percent),
        mean_of(run, &HistoryPoint::disk_percent), mean_of(run, &HistoryPoint::temperature_celsius)});
  }
  return thinned;
}

}  // namespace piman::manager::api
