// SPDX-License-Identifier: Apache-2.0
#include "node-agent/textfile_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Type;

constexpr std::string_view kFile =
    "# HELP backup_seconds How long,\\nin seconds \\\\ \"so\".\n"
    "# TYPE backup_seconds gauge\n"
    "backup_seconds{set=\"home\", } 12.5\n"
    "backup_seconds{set=\"a \\\"b\\\"\\n\",host=\"pi\"} 1e3\n"
    "# some words\n"
    "\n"
    "plain 3\n"
    "# TYPE took histogram\n"
    "took_bucket{le=\"0.50\",kind=\"x\"} 2\n"
    "took_bucket{le=\"+Inf\",kind=\"x\"} 3\n"
    "took_sum{kind=\"x\"} 4.5\n"
    "took_count{kind=\"x\"} 3\n"
    "# TYPE size summary\n"
    "size{quantile=\"0.9\"} 7\n"
    "size_count 5\n"
    "size_sum 21\n"
    "size_bucket 1\n";

TEST(TextfileParser, FamiliesOfAFile) {
  const auto families = parse_textfile(kFile);
  ASSERT_TRUE(families) << families.error().message;
  ASSERT_EQ(families->size(), 5U);
  const TextfileFamily& backup = (*families)[0];
  EXPECT_EQ(backup.name, "backup_seconds");
  EXPECT_EQ(backup.type, Type::kGauge);
  EXPECT_EQ(backup.help, "How long,\nin seconds \\ \"so\".");
  ASSERT_EQ(backup.metrics.size(), 2U);
  EXPECT_EQ(backup.metrics[0].labels.at("set"), "home");
  EXPECT_EQ(backup.metrics[0].labels.at("host"), "") << "all metrics of a family get the same labels";
  EXPECT_EQ(backup.metrics[1].labels.at("set"), "a \"b\"\n");
  EXPECT_EQ(backup.metrics[1].value, 1000);
  EXPECT_EQ((*families)[1].type, Type::kUntyped);
  EXPECT_FALSE((*families)[1].help);

  const TextfileFamily& took = (*families)[2];
  EXPECT_EQ(took.type, Type::kHistogram);
  ASSERT_EQ(took.metrics.size(), 1U);
  EXPECT_EQ(took.metrics[0].labels.size(), 1U);
  EXPECT_EQ(took.metrics[0].parts.at(0.5), 2);
  EXPECT_EQ(took.metrics[0].value, 4.5);
  EXPECT_EQ(took.metrics[0].count, 3);
  EXPECT_EQ((*families)[3].type, Type::kSummary);
  EXPECT_EQ((*families)[3].metrics[0].parts.at(0.9), 7);
  EXPECT_EQ((*families)[4].name, "size_bucket") << "a summary has no buckets";
}

TEST(TextfileParser, CountsAreWhole) {
  const auto families = parse_textfile("# TYPE h histogram\nh_bucket{le=\"1\"} 1.9\nh_count -2\n");
  ASSERT_TRUE(families);
  EXPECT_EQ((*families)[0].metrics[0].parts.at(1), 1);
  EXPECT_EQ((*families)[0].metrics[0].count, 0);
}

TEST(TextfileParser, WhatIsNotMeasuredIsNoFamily) {
  const auto families =
      parse_textfile("# HELP a x\n# TYPE a gauge\n#\n# HELP\n# TYPE b\n#HELP c without a blank\nc 1\n");
  ASSERT_TRUE(families) << families.error().message;
  ASSERT_EQ(families->size(), 1U);
  EXPECT_EQ((*families)[0].help, "without a blank");
  EXPECT_TRUE(parse_textfile("")->empty());
}

TEST(TextfileParser, Refuses) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"a 1", "ends within a line"},
      {"a 1\nb 1 1441205977284\n", "line 2: timestamps are not supported"},
      {"a{x=\"1\"} 1 0\n", "line 1: timestamps are not supported"},
      {"a 1 # {x=\"y\"} 2\n", "exemplar"},
      {"a 1\r\n", "value is no number"},
      {"a{x=\"\\t\"} 1\n", "unknown escape"},
      {"a{x=\"1\",x=\"2\"} 1\n", "label stands twice"},
      {"a{__name__=\"b\"} 1\n", "label name is reserved"},
      {"a{x=\"\xFF\"} 1\n", "not UTF-8"},
      {"# TYPE a gauge\n# TYPE a gauge\n", "line 2: TYPE of a metric that has one"},
      {"a 1\n# TYPE a gauge\n", "or has samples above"},
      {"# TYPE a info\n", "names no metric type"},
      {"# HELP a x\n# HELP a x\n", "second HELP"},
      {"# HELP a \\t\n", "HELP has an unknown escape"},
      {"# HELP 1a x\n", "no metric name"},
      {"# HELP a{x=\"y\"} x\n", "no metric name"},
      {"# TYPE h histogram\nh_bucket{le=\"x\"} 1\n", "le or quantile is no number"},
      {"# TYPE h histogram\nh_bucket{le=\"1\",le=\"2\"} 1\n", "label stands twice"},
  };
  for (const auto& [file, problem] : cases) {
    const auto families = parse_textfile(file);
    ASSERT_FALSE(families) << quote(file);
    EXPECT_THAT(families.error().message, testing::HasSubstr(std::string(problem))) << quote(file);
  }
}

TEST(TextfileParser, CutAnywhereItIsRefusedOrWhole) {
  for (std::size_t length = 0; length < kFile.size(); ++length) {
    const bool at_line_end = length == 0 || kFile[length - 1] == '\n';
    EXPECT_EQ(parse_textfile(kFile.substr(0, length)).has_value(), at_line_end) << length;
  }
}

}  // namespace
}  // namespace piman::agent
