// SPDX-License-Identifier: Apache-2.0
#include "node-agent/dynamic_families.h"

#include <gtest/gtest.h>

namespace piman::agent {
namespace {

TEST(DynamicFamilies, MadeOnceAndKept) {
  DynamicFamilies families;
  const prom_text::Family& first = families.get("a", prom_text::Type::kGauge, "First.");
  for (char c = 'b'; c < 'z'; ++c) families.get(std::string(1, c), prom_text::Type::kGauge, "Other.");
  EXPECT_EQ(&families.get("a", prom_text::Type::kGauge, "Second."), &first);
  EXPECT_EQ(first.header(prom_text::Format::kText), "# HELP a First.\n# TYPE a gauge\n");
}

TEST(DynamicFamilies, ForeignCharactersBecomeOneUnderscore) {
  EXPECT_EQ(to_metric_name("rx_packets"), "rx_packets");
  EXPECT_EQ(to_metric_name("rx-packets [0]: ok"), "rx_packets_0_ok");
  EXPECT_EQ(to_metric_name("a_-_b"), "a_b");
  EXPECT_EQ(to_metric_name("a__b"), "a__b");
  EXPECT_EQ(to_metric_name("a\xC3\xA4"
                           "b"),
            "a_b");
  EXPECT_EQ(to_metric_name("  x"), "_x");
  EXPECT_EQ(to_metric_name("_"), "_");
  EXPECT_EQ(to_metric_name(""), "");
}

}  // namespace
}  // namespace piman::agent
