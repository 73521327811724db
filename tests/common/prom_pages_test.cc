// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/summary.h>
#include <prometheus/text_serializer.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "common/prom_parse.h"
#include "common/text.h"

/// Pages as other programs write them, whole, in pieces and cut. tests/testdata/pages holds those of Debian's
/// node_exporter, prometheus and alertmanager, as text and as OpenMetrics (.om); prometheus-cpp writes its own here.
namespace piman::prom_text {
namespace {

struct Page {
  std::string name;
  std::string text;
  Format format = Format::kText;
};

std::string prometheus_cpp_page() {
  prometheus::Registry registry;
  auto& counter = prometheus::BuildCounter().Name("c_total").Help("A line.").Register(registry);
  counter.Add({{"path", "C:\\a \"b\"\n{c}=,"}}).Increment(1e300);
  auto& gauge = prometheus::BuildGauge().Name("g").Register(registry);
  gauge.Add({{"v", "nan"}}).Set(std::numeric_limits<double>::quiet_NaN());
  gauge.Add({{"v", "inf"}}).Set(std::numeric_limits<double>::infinity());
  gauge.Add({{"v", "-inf"}}).Set(-std::numeric_limits<double>::infinity());
  gauge.Add({{"v", "tiny"}}).Set(5e-324);
  auto& histogram = prometheus::BuildHistogram().Name("h_seconds").Help("h").Register(registry);
  histogram.Add({}, prometheus::Histogram::BucketBoundaries{0.1, 1}).Observe(0.5);
  auto& summary = prometheus::BuildSummary().Name("s").Help("s").Register(registry);
  summary.Add({}, prometheus::Summary::Quantiles{{0.5, 0.05}}).Observe(2);
  return prometheus::TextSerializer().Serialize(registry.Collect());
}

Page read(const std::string& name) {
  std::ifstream file(concat(PIMAN_TESTDATA, "/pages/", name), std::ios::binary);
  return {name, std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>())};
}

const std::vector<Page>& pages() {
  static const std::vector<Page> kPages = {
      read("node_exporter.txt"),
      read("prometheus.txt"),
      read("alertmanager.txt"),
      {"prometheus-cpp", prometheus_cpp_page(), Format::kText},
      {"OpenMetrics",
       "# TYPE c counter\n# UNIT c seconds\nc_total{a=\"b\"} 5\nc_created{a=\"b\"} 1.5e9\n"
       "# TYPE h histogram\nh_bucket{le=\"0.1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_count 2\nh_sum 3.5\n"
       "# TYPE s stateset\ns{s=\"on\"} 1\ns{s=\"off\"} 0\n# TYPE i info\ni_info{v=\"1.2\",w=\"x y\"} 1\n"
       "# TYPE u unknown\nu NaN\n# TYPE g gauge\ng +Inf\n# EOF\n",
       Format::kOpenMetrics}};
  return kPages;
}

std::string line_of(const Sample& sample) { return concat(sample.name, '{', sample.labels, '}', sample.value); }

/// What a page says, by other means than ours: none of these has timestamps, exemplars or escapes before a brace.
std::vector<std::string> by_hand(std::string_view page) {
  std::vector<std::string> out;
  while (!page.empty()) {
    const std::string line(next_line(page));
    if (line.empty() || line.front() == '#') continue;
    const std::size_t brace = line.find('{');
    const std::size_t blank = line.rfind(' ');
    const std::string labels = brace == std::string::npos ? "" : line.substr(brace + 1, line.rfind('}') - brace - 1);
    const std::string name = line.substr(0, std::min(brace, line.find(' ')));
    out.push_back(concat(name, '{', labels, '}', std::strtod(line.c_str() + blank, nullptr)));
  }
  return out;
}

std::vector<std::string> in_pieces(const Page& page, std::size_t piece) {
  std::vector<std::string> out;
  PageStream stream(page.format);
  Sample sample;
  for (std::size_t at = 0; at < page.text.size(); at += piece) {
    // A copy of its own, so that a view into an earlier piece is found by the sanitizer.
    const std::string bytes = page.text.substr(at, piece);
    stream.feed(bytes);
    while (stream.next(sample)) out.push_back(line_of(sample));
  }
  stream.end();
  if (stream.problem()) out.push_back(stream.problem()->to_string());
  return out;
}

TEST(PromPages, AreReadAsTheyAreMeant) {
  for (const Page& page : pages()) {
    ASSERT_GT(page.text.size(), 200U) << page.name;
    const auto wanted = by_hand(page.text);
    EXPECT_GE(wanted.size(), 10U) << page.name;
    EXPECT_EQ(in_pieces(page, page.text.size()), wanted) << page.name;
  }
}

TEST(PromPages, AreTheSameInPiecesOfAnySize) {
  for (const Page& page : pages()) {
    const auto whole = in_pieces(page, page.text.size());
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 64U, 1000U, 1448U, 16'384U}) {
      EXPECT_EQ(in_pieces(page, piece), whole) << page.name << " in pieces of " << piece;
    }
  }
}

TEST(PromPages, CutAtEveryByteAreRefusedButAtALineEnd) {
  for (const Page& page : pages()) {
    PageStream stream(page.format);
    Sample sample;
    for (std::size_t length = 0; length < page.text.size(); ++length) {
      PageStream cut = stream;
      cut.end();
      const bool at_line_end = length == 0 || page.text[length - 1] == '\n';
      const bool whole = page.format == Format::kText ? at_line_end : page.text.substr(0, length).ends_with("# EOF");
      ASSERT_EQ(cut.problem().has_value(), !whole) << page.name << " after " << length << " bytes";
      if (cut.problem() && page.format == Format::kText) {
        ASSERT_EQ(cut.problem()->what, "page ends within a line") << page.name << " after " << length << " bytes";
      }
      stream.feed(std::string_view(page.text).substr(length, 1));
      while (stream.next(sample)) {
      }
    }
    stream.end();
    EXPECT_EQ(stream.problem(), std::nullopt) << page.name;
  }
}

TEST(PageStream, ALineWithoutEndIsRefusedBeforeItFillsTheMemory) {
  PageStream stream(Format::kText, 1000);
  Sample sample;
  const std::string piece(300, 'x');
  for (int i = 0; i < 3; ++i) {
    stream.feed(piece);
    EXPECT_FALSE(stream.next(sample));
    EXPECT_EQ(stream.problem(), std::nullopt);
  }
  stream.feed(piece);
  EXPECT_FALSE(stream.next(sample));
  ASSERT_TRUE(stream.problem());
  EXPECT_EQ(stream.problem()->to_string(), "line 1: line is too long");
}

TEST(PageStream, ExemplarsInPieces) {
  const Page page{"exemplar", "a_total{b=\"c\"} 5 1.5 # {trace_id=\"x # y\"} 0.67 1571234560\n# EOF\n",
                  Format::kOpenMetrics};
  for (std::size_t piece = 1; piece < page.text.size(); ++piece) {
    EXPECT_EQ(in_pieces(page, piece), std::vector<std::string>{"a_total{b=\"c\"}5"}) << piece;
  }
}

}  // namespace
}  // namespace piman::prom_text
