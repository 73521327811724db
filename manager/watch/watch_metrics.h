// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "common/clock.h"
#include "common/prom_text.h"
#include "manager/watch/outbox.h"
#include "manager/watch/thresholds.h"
#include "manager/watch/watch_config.h"

/// Alerts, messages and thresholds as metrics. Pure. Units: base units, whatever the configuration is written in.
namespace piman::watch {

struct WatchPresent {
  std::array<std::array<std::size_t, kConditionCount>, kAlertStateCount> alerts{};
  std::size_t silences = 0, silenced_alerts = 0;
  std::array<NotifierState, kNotifierCount> notifiers{};
  std::optional<WallTime> watchdog_at;
};

void write_watch_metrics(prom_text::Writer& out, std::string_view site, const WatchConfig& config,
                         const WatchPresent& present);
/// The thresholds alone: rules in Prometheus use them also where the manager itself does not watch.
void write_threshold_metrics(prom_text::Writer& out, std::string_view site, const WatchConfig& config);

}  // namespace piman::watch
