// SPDX-License-Identifier: Apache-2.0
// What the API is made of: negotiation, histories.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "manager/api/negotiate.h"
#include "manager/api/thinned_history.h"
#include "tests/manager/sample_fleet.h"

namespace piman::manager {
namespace {

TEST(Negotiation, open_metrics_only_where_it_is_wanted) {
  using prom_text::Format;
  const std::vector<std::pair<std::string_view, Format>> cases = {
      {"", Format::kText},
      {"*/*", Format::kText},
      {"text/html,application/xhtml+xml,*/*;q=0.8", Format::kText},
      {"text/plain;version=0.0.4;q=0.5,*/*;q=0.1", Format::kText},
      {"application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       Format::kOpenMetrics},
      {"application/openmetrics-text; version=1.0.0, application/openmetrics-text; version=0.0.1;q=0.75",
       Format::kOpenMetrics},
      {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;q=0.4", Format::kOpenMetrics},
      {"application/openmetrics-text", Format::kOpenMetrics},
      {"application/openmetrics-text;version=\"1.0.0\"", Format::kOpenMetrics},
      {"application/openmetrics-text;version=0.0.1", Format::kText},
      {"application/openmetrics-text;q=0.3,text/plain;q=0.5", Format::kText},
      {"application/openmetrics-text;q=0", Format::kText},
      {"application/openmetrics-text;q=nonsense", Format::kText},
      {"application/openmetrics-text;q=0.5,*/*;q=1", Format::kText},
      {",,;;q=1,=", Format::kText},
  };
  for (const auto& [accept, expected] : cases) EXPECT_EQ(api::negotiate_format(accept), expected) << accept;
}

TEST(Negotiation, etags_compare_weakly) {
  EXPECT_TRUE(api::etag_matches("W/\"a\"", "\"a\""));
  EXPECT_TRUE(api::etag_matches("\"b\", \"a\"", "W/\"a\""));
  EXPECT_TRUE(api::etag_matches(" * ", "\"a\""));
  EXPECT_FALSE(api::etag_matches("", "\"a\""));
  EXPECT_FALSE(api::etag_matches("\"ab\"", "\"a\""));
}

TEST(ThinnedHistory, means_without_what_is_not_known) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<HistoryPoint> points;
  for (int i = 0; i < 5; ++i) {
    const auto value = static_cast<float>(i * 10);
    points.push_back({test::sample_time(i), value, i == 3 ? nan : value, nan, value});
  }
  const auto thinned = api::thinned_history(points, 2);  // 0 1 | 2 3 4
  ASSERT_EQ(thinned.size(), 2U);
  EXPECT_FLOAT_EQ(thinned[0].cpu_percent, 5);
  EXPECT_FLOAT_EQ(thinned[1].cpu_percent, 30);
  EXPECT_FLOAT_EQ(thinned[1].memory_percent, 30);  // of 20 and 40
  EXPECT_TRUE(std::isnan(thinned[1].disk_percent));
  EXPECT_EQ(thinned[1].at, test::sample_time(4));
  EXPECT_TRUE(api::thinned_history(points, 0).empty());
  EXPECT_TRUE(api::thinned_history({}, 3).empty());
  EXPECT_EQ(api::thinned_history(points, 5).size(), 5U);
}

}  // namespace
}  // namespace piman::manager
