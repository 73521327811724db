// SPDX-License-Identifier: Apache-2.0
#include "node-agent/name_filter.h"

#include <gtest/gtest.h>

namespace piman::agent {
namespace {

TEST(NameFilter, LetsEverythingThroughByDefault) { EXPECT_FALSE(NameFilter().ignores("eth0")); }

TEST(NameFilter, UnderstandsNodeExportersExpressions) {
  auto filter = NameFilter::make("x", "^(?:ram|loop|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+$", "");
  ASSERT_TRUE(filter);
  EXPECT_TRUE(filter->ignores("loop12"));
  EXPECT_TRUE(filter->ignores("nvme0n1p2"));
  EXPECT_TRUE(filter->ignores("sda1"));
  EXPECT_FALSE(filter->ignores("sda"));
  EXPECT_FALSE(filter->ignores("mmcblk0p1"));
  EXPECT_TRUE(filter->ignores("loop12")) << "the second answer comes from memory";
}

TEST(NameFilter, IncludeKeepsOnlyWhatMatches) {
  auto filter = NameFilter::make("x", "", "^eth");
  ASSERT_TRUE(filter);
  EXPECT_FALSE(filter->ignores("eth0"));
  EXPECT_TRUE(filter->ignores("wlan0"));
}

TEST(NameFilter, NamesTheFlagOfABadExpression) {
  const auto filter = NameFilter::make("netdev.device", "(", "");
  ASSERT_FALSE(filter);
  EXPECT_EQ(filter.error().message,
            "--collector.netdev.device-exclude: \"(\" is no regular expression: Unmatched ( or \\(");
}

}  // namespace
}  // namespace piman::agent
