// SPDX-License-Identifier: Apache-2.0
#include "node-agent/textfile_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/text.h"

namespace piman::agent {
namespace {

/// The page of some files, called "1", "2", ..., and its problems.
struct Merged {
  std::string text;
  std::vector<std::string> problems;
};
Merged merge(std::initializer_list<std::string_view> files) {
  std::vector<std::vector<TextfileFamily>> parsed;
  for (const std::string_view file : files) {
    auto families = parse_textfile(file);
    if (!families) ADD_FAILURE() << families.error().message;
    parsed.push_back(families ? std::move(*families) : std::vector<TextfileFamily>());
  }
  TextfilePage page;
  page.reserve("own");
  for (std::size_t i = 0; i < parsed.size(); ++i) page.add(concat(i + 1), parsed[i]);
  prom_text::Writer out;
  page.write(out);
  return {out.text(), page.problems()};
}

TEST(TextfilePage, FilesThatAgreeAreOneFamily) {
  const Merged merged =
      merge({"# HELP b Help.\n# TYPE b counter\nb{file=\"1\"} 1\n", "# TYPE b counter\nb{file=\"2\"} 2\na 7\n"});
  EXPECT_EQ(merged.text,
            "# HELP a Read from 2.\n# TYPE a untyped\na 7\n"
            "# HELP b Help.\n# TYPE b counter\nb{file=\"1\"} 1\nb{file=\"2\"} 2\n");
  EXPECT_TRUE(merged.problems.empty());
}

TEST(TextfilePage, HistogramsAndSummaries) {
  const Merged merged =
      merge({"# TYPE h histogram\nh_bucket{x=\"y\",le=\"0.5\"} 1\nh_count{x=\"y\"} 4\nh_sum{x=\"y\"} 2\n"
             "# TYPE s summary\ns{quantile=\"0.5\"} 3\ns_sum 6\ns_count 2\n"
             "# TYPE t histogram\nt_bucket{le=\"+Inf\"} 9\n"});
  EXPECT_EQ(
      merged.text,
      "# HELP h Read from 1.\n# TYPE h histogram\nh_bucket{x=\"y\",le=\"0.5\"} 1\nh_bucket{x=\"y\",le=\"+Inf\"} 4\n"
      "h_sum{x=\"y\"} 2\nh_count{x=\"y\"} 4\n"
      "# HELP s Read from 1.\n# TYPE s summary\ns{quantile=\"0.5\"} 3\ns_sum 6\ns_count 2\n"
      "# HELP t Read from 1.\n# TYPE t histogram\nt_bucket{le=\"+Inf\"} 9\nt_sum 0\nt_count 0\n");
}

TEST(TextfilePage, WhatDoesNotAgreeIsLeftOutAndTold) {
  const Merged merged =
      merge({"# HELP a x\na{n=\"1\"} 1\nb 1\n# TYPE h histogram\nh_count 1\nc_sum 1\n",
             "# HELP a y\na{n=\"2\"} 2\n# TYPE b gauge\nb 2\nh_bucket 3\n# TYPE c summary\nc_count 1\n"
             "own 1\n",
             "b 3\n"});
  EXPECT_THAT(
      merged.problems,
      testing::ElementsAre("2: a has another HELP in another file", "2: b has another TYPE in another file",
                           "2: h_bucket is a part of another metric", "2: c has parts that are metrics of their own",
                           "2: own is the agent's own", "3: b{} stands twice"));
  EXPECT_THAT(merged.text, testing::HasSubstr("a{n=\"1\"} 1\n"));
  EXPECT_THAT(merged.text, testing::Not(testing::HasSubstr("a{n=\"2\"}")));
  EXPECT_THAT(merged.text, testing::HasSubstr("\nb 1\n"));
  EXPECT_THAT(merged.text, testing::Not(testing::HasSubstr("own")));
}

TEST(TextfilePage, HelpIsWrittenAsOneLine) {
  EXPECT_THAT(merge({"# HELP a x\\ny\na 1\n"}).text, testing::HasSubstr("# HELP a x\\ny\n"));
}

}  // namespace
}  // namespace piman::agent
