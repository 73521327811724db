// SPDX-License-Identifier: Apache-2.0
#include "tests/support/golden.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <locale>
#include <set>

#include "common/log.h"
#include "common/prom_parse.h"
#include "node-agent/collector_set.h"
#include "tests/node-agent/board_tree.h"
#include "tests/support/temp_tree.h"

namespace piman::agent {
namespace {

using test_board::kBoards;

/// The whole page of a board, through the set that serves it, with durations at 0.
std::string page_of(std::string_view board, prom_text::Format format = prom_text::Format::kText) {
  const CollectorContext context = test_board::context_of(board, test::testdata(concat("trees/", board)));
  std::vector<CollectorSet::Named> named;
  std::vector<std::size_t> all;
  for (auto& [name, collector] : test_board::default_collectors(context)) {
    all.push_back(named.size());
    named.push_back({name, collector});
  }
  Logger log(LogLevel::kError);
  CollectorSet set(std::move(named), log);
  prom_text::Writer out(format);
  set.scrape(all, ScrapeLimits{}, out);
  out.finish();
  std::string page;
  std::string_view rest = out.text();
  while (!rest.empty()) {
    std::string_view line = next_line(rest);
    const bool is_duration = line.starts_with("node_scrape_collector_duration_seconds{");
    if (is_duration) line = line.substr(0, line.find(' '));
    page += concat(line, is_duration ? " 0\n" : "\n");
  }
  return page;
}

class GoldenPage : public testing::TestWithParam<std::string_view> {};
INSTANTIATE_TEST_SUITE_P(Boards, GoldenPage, testing::ValuesIn(kBoards),
                         [](const auto& board) { return std::string(board.param); });

TEST_P(GoldenPage, IsAsExpected) { test::expect_golden(concat("golden/", GetParam(), ".prom"), page_of(GetParam())); }

TEST_P(GoldenPage, IsWellFormedInBothFormats) {
  for (const auto format : {prom_text::Format::kText, prom_text::Format::kOpenMetrics}) {
    const std::string page = page_of(GetParam(), format);
    prom_text::PageReader reader(page, format);
    prom_text::Sample sample;
    std::set<std::string> series;
    while (reader.next(sample)) {
      EXPECT_TRUE(series.insert(concat(sample.name, '{', sample.labels, '}')).second) << "twice: " << sample.name;
    }
    EXPECT_FALSE(reader.problem()) << reader.problem()->to_string();
    EXPECT_GT(series.size(), 200U);
  }
}

// The names that are ours must please the maker's linter; those of node_exporter are as they are.
TEST_P(GoldenPage, PleasesPromtool) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) GTEST_SKIP() << "promtool is not installed";
  const std::string command =
      concat("promtool check metrics <'", test::testdata(concat("golden/", GetParam(), ".prom")), "' 2>&1");
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  ASSERT_TRUE(pipe);
  std::array<char, 4096> line;
  while (std::fgets(line.data(), line.size(), pipe.get()) != nullptr) {
    const std::string_view text = line.data();
    EXPECT_FALSE(text.starts_with("rpi_")) << text;
    EXPECT_THAT(std::string(text), testing::Not(testing::HasSubstr("error while linting")));
  }
}

struct DecimalComma : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

/// Sets the C library to German numbers, made for this if need be; false where neither is to be had.
bool set_german_locale(const std::string& scratch) {
  if (std::setlocale(LC_ALL, "de_DE.UTF-8") != nullptr) return true;
  const std::string command = concat("localedef -i de_DE -f UTF-8 '", scratch, "/de_DE.UTF-8' >/dev/null 2>&1");
  if (std::system(command.c_str()) != 0) return false;
  ::setenv("LOCPATH", scratch.c_str(), 1);
  const bool set = std::setlocale(LC_ALL, "de_DE.UTF-8") != nullptr;
  ::unsetenv("LOCPATH");
  return set;
}

TEST(GoldenPageLocale, ADecimalCommaChangesNothing) {
  const std::string before = page_of("pi5");
  const std::locale cpp = std::locale::global(std::locale(std::locale::classic(), new DecimalComma));
  EXPECT_EQ(page_of("pi5"), before);
  std::locale::global(cpp);

  const test::TempTree scratch;
  if (!set_german_locale(scratch.path())) GTEST_SKIP() << "neither locale nor localedef for the C library";
  char text[16];
  std::snprintf(text, sizeof text, "%.1f", 0.5);
  EXPECT_STREQ(text, "0,5");  // the locale is in force
  EXPECT_EQ(page_of("pi5"), before);
  std::setlocale(LC_ALL, "C");
}

}  // namespace
}  // namespace piman::agent
