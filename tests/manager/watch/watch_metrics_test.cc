// SPDX-License-Identifier: Apache-2.0
#include "manager/watch/watch_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace piman::watch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string page(const WatchConfig& config, const WatchPresent* present) {
  prom_text::Writer out(prom_text::Format::kText);
  if (present != nullptr) {
    write_watch_metrics(out, "lab", config, *present);
  } else {
    write_threshold_metrics(out, "lab", config);
  }
  out.finish();
  return out.text();
}

TEST(WatchMetrics, ThresholdsInBaseUnitsWhateverTheyAreWrittenIn) {
  WatchConfig config;
  config.rules[index_of(Condition::kCpu)].threshold = 85;
  const std::string text = page(config, nullptr);
  EXPECT_THAT(text, HasSubstr("piman_threshold_ratio{site=\"lab\",condition=\"cpu\"} 0.85\n"));
  EXPECT_THAT(text, HasSubstr("piman_threshold_celsius{site=\"lab\",condition=\"temperature\"} 80\n"));
  EXPECT_THAT(text, HasSubstr("piman_threshold_processes{site=\"lab\",condition=\"pids\"} 1000\n"));
  EXPECT_THAT(text, HasSubstr("piman_threshold_boots{site=\"lab\",condition=\"boot_loop\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("piman_threshold_seconds{site=\"lab\",condition=\"clock_skew\"} 2\n"));
  EXPECT_THAT(text, Not(HasSubstr("piman_alerts"))) << "the thresholds alone";
}

TEST(WatchMetrics, OverridesAreOfTheirNodesAndWhatIsOffIsNeverExceeded) {
  WatchConfig config;
  config.rules[index_of(Condition::kDisk)].enabled = false;
  config.overrides = {{{"pi1"}, {{Condition::kCpu, std::nullopt, 50, std::nullopt, std::nullopt}}},
                      {{"pi2"}, {{Condition::kCpu, false, std::nullopt, std::nullopt, std::nullopt}}}};
  const std::string text = page(config, nullptr);
  EXPECT_THAT(text, HasSubstr("piman_threshold_ratio{node=\"pi1\",site=\"lab\",condition=\"cpu\"} 0.5\n"));
  EXPECT_THAT(text, HasSubstr("piman_threshold_ratio{node=\"pi2\",site=\"lab\",condition=\"cpu\"} +Inf\n"));
  EXPECT_THAT(text, HasSubstr("piman_threshold_ratio{site=\"lab\",condition=\"cpu\"} 0.9\n"));
  EXPECT_THAT(text, Not(HasSubstr("condition=\"disk\"")));
  EXPECT_THAT(text, Not(HasSubstr("node=\"pi1\",site=\"lab\",condition=\"memory\"")))
      << "what is as everywhere is not repeated";
}

TEST(WatchMetrics, WhoIsToldAndHowThatGoes) {
  WatchPresent present;
  present.alerts[static_cast<std::size_t>(AlertState::kFiring)][index_of(Condition::kNodeDown)] = 3;
  present.silences = 2;
  present.silenced_alerts = 1;
  NotifierState& slack = present.notifiers[static_cast<std::size_t>(Notifier::kSlack)];
  slack.is_on = true;
  slack.queued = 4;
  slack.counts = {9, 1, 2, 0, 5};
  slack.failing_since = WallTime(std::chrono::seconds(1));
  present.watchdog_at = WallTime(std::chrono::seconds(1'700'000'000));
  const std::string text = page(WatchConfig{}, &present);
  EXPECT_THAT(text, HasSubstr("piman_alerts{site=\"lab\",state=\"firing\",condition=\"node_down\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("piman_silences 2\n"));
  EXPECT_THAT(text, HasSubstr("piman_alerts_silenced 1\n"));
  EXPECT_THAT(text, HasSubstr("piman_notifications_total{notifier=\"slack\",result=\"rate_limited\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("piman_notifications_dropped_total{notifier=\"slack\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("piman_notification_queue_length{notifier=\"slack\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("piman_notifier_failing{notifier=\"slack\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("notifier=\"webhook\""))) << "one that is not configured";
  EXPECT_THAT(text, HasSubstr("piman_watchdog_last_timestamp_seconds 1.7e+09\n"));
}

}  // namespace
}  // namespace piman::watch
