// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/timex.h>

#include <memory>

#include "node-agent/collector.h"

/// How well the kernel's clock is kept in step, by adjtimex, which is only asked and changes nothing.
namespace piman::agent {

/// What adjtimex filled in, in base units.
struct ClockState {
  bool synchronized = false;
  double offset_seconds = 0, frequency_ratio = 0, most_error_seconds = 0, estimated_error_seconds = 0;
  double tick_seconds = 0, pps_frequency_hertz = 0, pps_jitter_seconds = 0, pps_stability_hertz = 0;
};
/// `state` is what adjtimex returned. Pure. Source: adjtimex(2).
ClockState to_clock_state(const ::timex& reading, int state);

Result<std::unique_ptr<Collector>> make_timex_collector(const CollectorContext& context);

}  // namespace piman::agent
