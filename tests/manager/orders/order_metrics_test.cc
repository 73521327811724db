// SPDX-License-Identifier: Apache-2.0
#include "manager/orders/order_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <string>

namespace piman::manager {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string page_of(const OrderMetrics& metrics, const OrderMetrics::Present& present = {}) {
  prom_text::Writer writer(prom_text::Format::kText);
  metrics.write(writer, present);
  writer.finish();
  return writer.text();
}

void expect_all(const std::string& page, std::initializer_list<const char*> lines) {
  for (const char* line : lines) EXPECT_THAT(page, HasSubstr(std::string(line) + "\n"));
}

TEST(OrderMetrics, has_every_known_series_from_the_start) {
  const std::string page = page_of(OrderMetrics());
  expect_all(page, {"piman_installs_total{result=\"timed_out\"} 0",
                    "piman_install_failures_total{stage=\"download\",result=\"cut\"} 0",
                    "piman_install_failures_total{stage=\"other\",result=\"not_verified\"} 0",
                    "piman_install_stage_duration_seconds_bucket{stage=\"format\",le=\"+Inf\"} 0",
                    "piman_install_duration_seconds_count 0",
                    "piman_power_switched_total{action=\"restart\",result=\"failed\"} 0",
                    "piman_orders_ended_total{action=\"reinstall\",state=\"expired\"} 0"});
  EXPECT_THAT(page, Not(HasSubstr("result=\"installed\",stage")));
  EXPECT_THAT(page, Not(HasSubstr("piman_rollout_nodes")));
}

TEST(OrderMetrics, counts_installs_their_stages_and_where_they_failed) {
  OrderMetrics metrics;
  metrics.count_install("installed", InstallStage::kStart, 100);
  metrics.count_install("failed", InstallStage::kDownload, 20);
  metrics.count_install("failed", InstallStage::kDownload, 30);
  metrics.count_stage(InstallStage::kFormat, 1);
  metrics.count_stage(InstallStage::kFormat, 4);
  metrics.count_stage(InstallStage::kFormat, 3600);
  expect_all(
      page_of(metrics),
      {"piman_installs_total{result=\"installed\"} 1", "piman_installs_total{result=\"failed\"} 2",
       "piman_install_failures_total{stage=\"download\",result=\"failed\"} 2",
       "piman_install_duration_seconds_bucket{le=\"60\"} 0", "piman_install_duration_seconds_bucket{le=\"120\"} 1",
       "piman_install_duration_seconds_sum 100", "piman_install_duration_seconds_count 1",
       "piman_install_stage_duration_seconds_bucket{stage=\"format\",le=\"1\"} 1",
       "piman_install_stage_duration_seconds_bucket{stage=\"format\",le=\"5\"} 2",
       "piman_install_stage_duration_seconds_bucket{stage=\"format\",le=\"1800\"} 2",
       "piman_install_stage_duration_seconds_bucket{stage=\"format\",le=\"+Inf\"} 3",
       "piman_install_stage_duration_seconds_sum{stage=\"format\"} 3605",
       "piman_install_stage_duration_seconds_count{stage=\"format\"} 3",
       "piman_install_stage_duration_seconds_count{stage=\"write\"} 0"});
}

TEST(OrderMetrics, words_without_end_are_no_series_without_end) {
  OrderMetrics metrics;
  for (int i = 0; i < 1000; ++i) {
    metrics.count_install("result" + std::to_string(i), InstallStage::kOther, 1);
    metrics.count_refused("reason" + std::to_string(i));
  }
  const std::string page = page_of(metrics);
  EXPECT_LT(std::count(page.begin(), page.end(), '\n'), 450);
  EXPECT_THAT(page, HasSubstr("piman_install_refused_total{reason=\"other\"} 936\n"));
}

TEST(OrderMetrics, counts_switched_power_by_action_and_result) {
  OrderMetrics metrics;
  metrics.count_power(OrderAction::kRestart, true, false);
  metrics.count_power(OrderAction::kRestart, false, false);
  metrics.count_power(OrderAction::kRestart, false, false);
  metrics.count_power(OrderAction::kPowerOff, true, true);
  expect_all(page_of(metrics), {"piman_power_switched_total{action=\"restart\",result=\"done\"} 1",
                                "piman_power_switched_total{action=\"restart\",result=\"failed\"} 2",
                                "piman_power_switched_total{action=\"power_off\",result=\"dry_run\"} 1",
                                "piman_power_switched_total{action=\"power_off\",result=\"done\"} 0"});
}

TEST(OrderMetrics, counts_orders_that_are_over_and_shows_rollouts_and_images_as_they_are) {
  OrderMetrics metrics;
  OrderChanges rows;
  rows.orders.resize(3);
  rows.orders[0].action = OrderAction::kReinstall;
  rows.orders[0].state = OrderState::kFailed;
  rows.orders[1].action = OrderAction::kReinstall;
  rows.orders[1].state = OrderState::kChecking;
  rows.orders[2].action = OrderAction::kRestart;
  rows.orders[2].state = OrderState::kDone;
  metrics.count_ended(rows);
  OrderMetrics::Present present;
  present.site = "lab";
  present.rollouts.emplace_back(12, OrderAction::kReinstall).nodes[static_cast<std::size_t>(OrderState::kWaiting)] = 4;
  present.installed.push_back({"pi7", "raspios", "2026-11", 1'700'000'000'500});
  const std::string page = page_of(metrics, present);
  expect_all(page, {"piman_orders_ended_total{action=\"reinstall\",state=\"failed\"} 1",
                    "piman_orders_ended_total{action=\"restart\",state=\"done\"} 1",
                    "piman_rollout_nodes{rollout=\"12\",action=\"reinstall\",state=\"waiting\"} 4",
                    "piman_rollout_nodes{rollout=\"12\",action=\"reinstall\",state=\"done\"} 0",
                    "piman_node_image_info{node=\"pi7\",site=\"lab\",image=\"raspios\",version=\"2026-11\"} 1",
                    "piman_node_installed_timestamp_seconds{node=\"pi7\",site=\"lab\"} 1.7000000005e+09"});
}

}  // namespace
}  // namespace piman::manager
