// SPDX-License-Identifier: Apache-2.0
#include "manager/watch/watch_metrics.h"

#include <limits>
#include <set>
#include <string>

namespace piman::watch {
namespace {

using prom_text::Family;
using prom_text::Type;
using prom_text::Writer;

constexpr std::array kShown = {AlertState::kPending, AlertState::kFiring, AlertState::kResolved};
/// The attempts; what was dropped is a family of its own, for it counts messages.
constexpr std::array kAttempts = {Delivery::kSent, Delivery::kFailed, Delivery::kRateLimited, Delivery::kRefused};

struct Families {
  Family alerts{"piman_alerts", Type::kGauge, "Alerts of the manager itself, by condition and state."};
  Family silenced{"piman_alerts_silenced", Type::kGauge, "Alerts that fire and are silenced."};
  Family silences{"piman_silences", Type::kGauge, "Silences in force."};
  Family notifications{"piman_notifications_total", Type::kCounter, "Attempts to send a message, by result."};
  Family dropped{"piman_notifications_dropped_total", Type::kCounter,
                 "Alerts that were never told: their receiver refused them, or the queue was full."};
  Family queue{"piman_notification_queue_length", Type::kGauge, "Alerts that wait to be told."};
  Family failing{"piman_notifier_failing", Type::kGauge, "Whether the last attempt to send a message failed."};
  Family watchdog{"piman_watchdog_last_timestamp_seconds", Type::kGauge,
                  "When Alertmanager's steady signal came last, in seconds since the Unix epoch."};
  Family ratio{"piman_threshold_ratio", Type::kGauge,
               "Threshold of a condition, 0 to 1. With a label node: of that node; without: of all others."};
  Family celsius{"piman_threshold_celsius", Type::kGauge, "The same, in degrees Celsius."};
  Family processes{"piman_threshold_processes", Type::kGauge, "The same, in processes."};
  Family boots{"piman_threshold_boots", Type::kGauge, "The same, in starts in half an hour."};
  Family seconds{"piman_threshold_seconds", Type::kGauge, "The same, in seconds."};
};

const Families& families() {
  static const Families all;
  return all;
}

std::set<std::string> nodes_with_overrides(const WatchConfig& config) {
  std::set<std::string> nodes;
  for (const Override& each : config.overrides) nodes.insert(each.nodes.begin(), each.nodes.end());
  return nodes;
}

void write_thresholds(Writer& out, const Family& family, Unit unit, std::string_view site, const WatchConfig& config) {
  const double factor = unit == Unit::kPercent ? 100 : 1;
  out.family(family);
  for (std::size_t i = 0; i < kNodeConditionCount; ++i) {
    const ConditionWords& words = words_of(condition_at(i));
    if (words.unit != unit) continue;
    const Rule& rule = config.rules[i];
    if (rule.enabled) out.sample({{"site", site}, {"condition", words.word}}, rule.threshold / factor);
    for (const std::string& node : nodes_with_overrides(config)) {
      const Rule own = rules_for(config, node)[i];
      // A node that is not watched has a threshold that nothing exceeds: without it a rule would take that of all.
      const double threshold = own.enabled ? own.threshold / factor : std::numeric_limits<double>::infinity();
      if (own != rule) out.sample({{"node", node}, {"site", site}, {"condition", words.word}}, threshold);
    }
  }
}

}  // namespace

void write_threshold_metrics(Writer& out, std::string_view site, const WatchConfig& config) {
  write_thresholds(out, families().ratio, Unit::kPercent, site, config);
  write_thresholds(out, families().celsius, Unit::kCelsius, site, config);
  write_thresholds(out, families().processes, Unit::kProcesses, site, config);
  write_thresholds(out, families().boots, Unit::kBoots, site, config);
  write_thresholds(out, families().seconds, Unit::kSeconds, site, config);
}

void write_watch_metrics(Writer& out, std::string_view site, const WatchConfig& config, const WatchPresent& present) {
  out.family(families().alerts);
  for (const AlertState state : kShown) {
    for (std::size_t i = 0; i < kConditionCount; ++i) {
      out.sample({{"site", site}, {"state", to_string(state)}, {"condition", to_string(condition_at(i))}},
                 std::uint64_t{present.alerts[static_cast<std::size_t>(state)][i]});
    }
  }
  out.single(families().silenced, std::uint64_t{present.silenced_alerts});
  out.single(families().silences, std::uint64_t{present.silences});
  const auto each = [&](const auto& write) {
    for (std::size_t i = 0; i < kNotifierCount; ++i) {
      if (present.notifiers[i].is_on) write(to_string(static_cast<Notifier>(i)), present.notifiers[i]);
    }
  };
  out.family(families().notifications);
  each([&](std::string_view name, const NotifierState& state) {
    for (const Delivery result : kAttempts) {
      out.sample({{"notifier", name}, {"result", to_string(result)}}, state.counts[static_cast<std::size_t>(result)]);
    }
  });
  out.family(families().dropped);
  each([&](std::string_view name, const NotifierState& state) {
    out.sample({{"notifier", name}}, state.counts[static_cast<std::size_t>(Delivery::kDropped)]);
  });
  out.family(families().queue);
  each([&](std::string_view name, const NotifierState& state) {
    out.sample({{"notifier", name}}, std::uint64_t{state.queued});
  });
  out.family(families().failing);
  each([&](std::string_view name, const NotifierState& state) {
    out.sample({{"notifier", name}}, std::uint64_t{state.failing_since ? 1U : 0U});
  });
  if (present.watchdog_at) out.single(families().watchdog, unix_seconds(*present.watchdog_at));
  write_threshold_metrics(out, site, config);
}

}  // namespace piman::watch
