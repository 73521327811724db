// SPDX-License-Identifier: Apache-2.0
#include "manager/self_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/text.h"
#include "tests/manager/sample_fleet.h"
#include "tests/support/golden.h"

namespace piman::manager {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Config lab() {
  Config config;
  config.site = "lab";
  return config;
}

std::string page_of(SelfMetrics& metrics, const Fleet& fleet, prom_text::Format format = prom_text::Format::kText) {
  prom_text::Writer writer(format);
  metrics.write(writer, *fleet.snapshot(), test::sample_time(100));
  writer.finish();
  return writer.text();
}

/// Without what differs from build to build: the version, the order in which the metrics library keeps the reasons, and
/// this process's own numbers, which stand last.
std::string stable(std::string page) {
  page.erase(page.find("# HELP process_"));
  const std::string version = concat("version=\"", PIMAN_VERSION, '"');
  page.replace(page.find(version), version.size(), "version=\"1.2.3\"");
  std::vector<std::string> reasons;
  std::string sorted;
  for (std::string_view rest = page; !rest.empty();) {
    const std::string_view line = next_line(rest);
    if (line.starts_with("piman_scrape_failures_total{")) {
      reasons.push_back(concat(line, '\n'));
      continue;
    }
    std::sort(reasons.begin(), reasons.end());
    for (const std::string& reason : std::exchange(reasons, {})) sorted += reason;
    sorted += concat(line, '\n');
  }
  return sorted;
}

TEST(SelfMetrics, says_this_of_a_fleet_in_every_phase) {
  Fleet fleet(10);
  test::fill_sample_fleet(fleet);
  SelfMetrics metrics(lab(), test::sample_time());
  metrics.count_scrape(test::good_scrape(test::sample_time(1)));
  metrics.count_scrape(test::bad_scrape(test::sample_time(2), ScrapeError::kTimeout, "late"));
  piman::test::expect_golden("manager/self_metrics.prom", stable(page_of(metrics, fleet)));
}

TEST(SelfMetrics, an_empty_fleet_has_counters_from_the_start) {
  const Fleet fleet(10);
  SelfMetrics metrics(lab(), test::sample_time());
  const std::string page = page_of(metrics, fleet);
  EXPECT_THAT(page, HasSubstr("piman_scrapes_total 0\n"));
  EXPECT_THAT(page, HasSubstr("piman_scrape_failures_total{reason=\"malformed\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("piman_fleet_nodes{site=\"lab\",phase=\"up\"} 0\n"));
  EXPECT_THAT(page, Not(HasSubstr("piman_node_")));
  EXPECT_THAT(page, HasSubstr("process_resident_memory_bytes"));
}

TEST(SelfMetrics, open_metrics_ends_with_its_mark) {
  Fleet fleet(10);
  test::fill_sample_fleet(fleet);
  SelfMetrics metrics(lab(), test::sample_time());
  const std::string page = page_of(metrics, fleet, prom_text::Format::kOpenMetrics);
  EXPECT_TRUE(page.ends_with("# EOF\n"));
  EXPECT_THAT(page, HasSubstr("# TYPE piman_scrapes counter\npiman_scrapes_total 0\n"));
}

TEST(SelfMetrics, a_node_that_leaves_takes_its_series_along) {
  Fleet fleet(10);
  test::fill_sample_fleet(fleet);
  fleet.set_inventory({test::sample_host("pi1", "10.0.0.11", "b8:27:eb:00:00:01")}, test::sample_time(200));
  SelfMetrics metrics(lab(), test::sample_time());
  EXPECT_THAT(page_of(metrics, fleet), Not(HasSubstr("pi2")));
}

TEST(SelfMetrics, counts_and_pages_from_many_threads) {
  Fleet fleet(10);
  test::fill_sample_fleet(fleet);
  SelfMetrics metrics(lab(), test::sample_time());
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 50; ++k) {
        metrics.count_scrape(test::good_scrape(test::sample_time()));
        (void)page_of(metrics, fleet);
      }
    });
  }
  threads.clear();
  EXPECT_THAT(page_of(metrics, fleet), HasSubstr("piman_scrapes_total 200\n"));
}

}  // namespace
}  // namespace piman::manager
