// SPDX-License-Identifier: Apache-2.0
#include "common/prom_parse.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "common/text.h"

namespace piman::prom_text {
namespace {

/// "name{raw labels}=value" of every sample, and "! line 3: why" at the end of a bad page.
std::vector<std::string> read_all(std::string_view page, Format format = Format::kText) {
  std::vector<std::string> out;
  PageReader reader(page, format);
  Sample sample;
  while (reader.next(sample)) out.push_back(concat(sample.name, '{', sample.labels, "}=", sample.value));
  if (reader.problem()) out.push_back(concat("! ", reader.problem()->to_string()));
  EXPECT_FALSE(reader.next(sample));
  return out;
}
using Lines = std::vector<std::string>;

TEST(PromParse, ReadsAPage) {
  EXPECT_EQ(read_all("# HELP node_load1 1m load average.\n"
                     "# TYPE node_load1 gauge\n"
                     "node_load1 0.5\n"
                     "\n"
                     "#free comment\n"
                     "# TYPE cpu counter\n"
                     "cpu{cpu=\"0\",mode=\"idle\"} 12\n"
                     "cpu{cpu=\"0\",mode=\"user\",} 3 1571234567000\n"
                     "  \tspaced \t{ a = \"b\" , c=\"\" }\t 1e3 \t-5 \n"
                     "a:b:c{} -0\n"
                     "nosep{a=\"}\"}1\n"),
            (Lines{"node_load1{}=0.5", "cpu{cpu=\"0\",mode=\"idle\"}=12", "cpu{cpu=\"0\",mode=\"user\",}=3",
                   "spaced{ a = \"b\" , c=\"\" }=1000", "a:b:c{}=-0", "nosep{a=\"}\"}=1"}));
  EXPECT_EQ(read_all(""), Lines{});
}

TEST(PromParse, ReadsOpenMetrics) {
  const std::string page =
      "# TYPE http_requests counter\n"
      "# UNIT http_requests requests\n"
      "http_requests_total{code=\"200\"} 5 1571234567.123 # {trace_id=\"a\\\"b\"} 0.67 1571234560\n"
      "http_requests_total 6 # {} 1\n"
      "# TYPE x stateset\n"
      "x{x=\"on\"} 1\n";
  EXPECT_EQ(read_all(page + "# EOF\n", Format::kOpenMetrics),
            (Lines{"http_requests_total{code=\"200\"}=5", "http_requests_total{}=6", "x{x=\"on\"}=1"}));
  EXPECT_EQ(read_all(page + "# EOF", Format::kOpenMetrics).size(), 3U);
  EXPECT_EQ(read_all("a 1\n", Format::kOpenMetrics), (Lines{"a{}=1", "! line 1: page has no # EOF"}));
  EXPECT_EQ(read_all("a 1\n# EOF\nb 2\n", Format::kOpenMetrics),
            (Lines{"a{}=1", "! line 3: something stands after # EOF"}));
  EXPECT_EQ(read_all("", Format::kOpenMetrics), Lines{"! line 0: page has no # EOF"});
  EXPECT_EQ(read_all("a 1\n# EOF\nb 2\n"), (Lines{"a{}=1", "b{}=2"}));  // a comment in the older format
}

TEST(PromParse, ReadsNumbersAsGoWritesThem) {
  const auto value_of = [](std::string_view text) {
    const ParsedLine line = parse_line(concat("a ", text));
    EXPECT_EQ(line.kind, LineKind::kSample) << text;
    return line.sample.value;
  };
  EXPECT_EQ(value_of("1"), 1);
  EXPECT_EQ(value_of("+1.5"), 1.5);
  EXPECT_EQ(value_of("-1.5e-3"), -0.0015);
  EXPECT_EQ(value_of("1.7976931348623157e+308"), std::numeric_limits<double>::max());
  EXPECT_EQ(value_of(".5"), 0.5);
  EXPECT_EQ(value_of("5."), 5);
  for (const std::string_view text : {"NaN", "nan", "NAN", "Nan", "+NaN"})
    EXPECT_TRUE(std::isnan(value_of(text))) << text;
  for (const std::string_view text : {"Inf", "+Inf", "inf", "+INF", "Infinity"}) {
    EXPECT_EQ(value_of(text), std::numeric_limits<double>::infinity()) << text;
  }
  EXPECT_EQ(value_of("-Inf"), -std::numeric_limits<double>::infinity());
  for (const std::string_view text : {"x", "1x", "0x10", "1,5", "--1", "+-1", "nan(1)", "nan()", "1e", "e1", "1_000",
                                      "1e999", "\"1\"", "=", "-", "+", "."}) {
    EXPECT_EQ(parse_line(concat("a ", text)).kind, LineKind::kBad) << text;
  }
}

struct BadLine {
  std::string_view line;
  std::string_view problem;
};

TEST(PromParse, SaysWhatIsWrong) {
  const std::vector<BadLine> lines = {
      {"1a 1", "metric name expected"},
      {"{a=\"b\"} 1", "metric name expected"},
      {"\xC3\xA4 1", "metric name expected"},
      {"a-b 1", "metric name has a character that names can't have"},
      {"a", "value is no number"},
      {"a ", "value is no number"},
      {"a{} ", "value is no number"},
      {"a 1x", "value is no number"},
      {"a 1\r", "value is no number"},
      {"a 1 x", "timestamp is no number"},
      {"a 1 2 3", "more than a value and a timestamp"},
      {"a{", "labels are not closed"},
      {"a{b=\"c\"", "labels are not closed"},
      {"a{b=\"c\" d=\"e\"} 1", "labels are not closed"},
      {"a{b=\"c\",,} 1", "label name expected"},
      {"a{,} 1", "label name expected"},
      {"a{1=\"c\"} 1", "label name expected"},
      {"a{b:c=\"c\"} 1", "'=' expected after a label name"},
      {"a{b} 1", "'=' expected after a label name"},
      {"a{b=c} 1", "label value must begin with a quote"},
      {"a{b='c'} 1", "label value must begin with a quote"},
      {"a{b=\"c} 1", "label value is not closed"},
      {"a{b=\"c\\\"} 1", "label value is not closed"},
      {"a{b=\"c\\", "label value is not closed"},
      {"a{b=\"\xFF\"} 1", "label value is not UTF-8"},
      {"a 1 # x", "exemplar must begin with labels"},
      {"a 1 # {", "labels are not closed"},
      {"a 1 # {} x", "value is no number"},
      {"a 1 # {} 1 x", "timestamp is no number"},
      {"a 1 # {} 1 2 3", "more than a value and a timestamp"},
      {"# TYPE", "TYPE has no metric name"},
      {"# TYPE a", "TYPE names no metric type"},
      {"# TYPE a thing", "TYPE names no metric type"},
      {"# TYPE a gauge x", "TYPE has something after the type"},
  };
  for (const BadLine& bad : lines) {
    const ParsedLine parsed = parse_line(bad.line);
    EXPECT_EQ(parsed.kind, LineKind::kBad) << bad.line;
    EXPECT_EQ(parsed.problem, bad.problem) << bad.line;
    EXPECT_EQ(read_all(concat("ok 1\n", bad.line, "\nok 2\n")), (Lines{"ok{}=1", concat("! line 2: ", bad.problem)}))
        << bad.line;
  }
}

TEST(PromParse, TellsTheKindsOfLinesApart) {
  EXPECT_EQ(parse_line("").kind, LineKind::kBlank);
  EXPECT_EQ(parse_line(" \t ").kind, LineKind::kBlank);
  EXPECT_EQ(parse_line("#").kind, LineKind::kComment);
  EXPECT_EQ(parse_line("# HELP").kind, LineKind::kComment);
  EXPECT_EQ(parse_line("#TYPE a nonsense").kind, LineKind::kComment);
  EXPECT_EQ(parse_line("# TYPE a histogram").kind, LineKind::kType);
  EXPECT_EQ(parse_line("# EOF").kind, LineKind::kEnd);
  EXPECT_EQ(parse_line("# EOF x").kind, LineKind::kComment);
  EXPECT_EQ(parse_line("#EOF").kind, LineKind::kComment);
}

TEST(PromParse, FindsLabelsAndUndoesEscapes) {
  const ParsedLine line = parse_line(R"(m{a="x",b = "c:\\d \"q\" \n \t" , aa="",} 1)");
  ASSERT_EQ(line.kind, LineKind::kSample) << line.problem;
  EXPECT_EQ(line.sample.find_label("a"), "x");
  EXPECT_EQ(line.sample.find_label("aa"), "");
  EXPECT_EQ(line.sample.find_label("c"), std::nullopt);
  std::string plain = "=";
  append_unescaped(plain, line.sample.find_label("b").value());
  EXPECT_EQ(plain, "=c:\\d \"q\" \n \\t");

  LabelReader reader(line.sample.labels);
  std::string names;
  std::string_view name;
  std::string_view value;
  while (reader.next(name, value)) names += concat(name, ' ');
  EXPECT_EQ(names, "a b aa ");
  EXPECT_FALSE(reader.next(name, value));
  EXPECT_EQ(parse_line("m 1").sample.find_label("a"), std::nullopt);
}

TEST(PromParse, ReadsWhatTheWriterWrites) {
  const Family family("round_trip_total", Type::kCounter, "Odd \"help\" \\ with\nline ends.");
  const std::string odd = "quote\" back\\slash\nline \xFF utf-8 \xC3\xA4";
  for (const Format format : {Format::kText, Format::kOpenMetrics}) {
    Writer writer(format);
    writer.family(family);
    writer.sample({{"v", odd}}, std::numeric_limits<double>::quiet_NaN());
    writer.sample(1e21);
    writer.finish();
    PageReader reader(writer.text(), format);
    Sample sample;
    ASSERT_TRUE(reader.next(sample));
    std::string value;
    append_unescaped(value, sample.find_label("v").value());
    EXPECT_EQ(value, to_valid_utf8(odd));
    EXPECT_TRUE(std::isnan(sample.value));
    ASSERT_TRUE(reader.next(sample));
    EXPECT_EQ(sample.value, 1e21);
    EXPECT_FALSE(reader.next(sample));
    EXPECT_EQ(reader.problem(), std::nullopt);
  }
}

TEST(PromParse, APageCutAnywhereIsRefusedOrEndsAtALine) {
  const std::string page =
      "# HELP a Text.\n# TYPE a gauge\na{b=\"c\\\"d\",e=\"f\"} 123 456\n\na 7 # {x=\"y\"} 1 2\n# TYPE h "
      "histogram\nh_bucket{le=\"+Inf\"} +Inf\n";
  const Lines whole = read_all(page);
  for (std::size_t length = 0; length < page.size(); ++length) {
    // Of exactly that size, so that a sanitizer sees one byte too far.
    const std::vector<char> cut(page.begin(), page.begin() + static_cast<std::ptrdiff_t>(length));
    const std::string_view text(cut.data(), cut.size());
    const Lines lines = read_all(text);
    const bool at_line_end = text.empty() || text.ends_with('\n');
    EXPECT_EQ(lines.empty() || !lines.back().starts_with('!'), at_line_end) << text;
    for (std::size_t i = 0; i < lines.size() && !lines[i].starts_with('!'); ++i) EXPECT_EQ(lines[i], whole[i]);
    EXPECT_TRUE(read_all(text, Format::kOpenMetrics).back().starts_with('!')) << text;
  }
}

TEST(PromParse, AnyByteAnywhereIsReadWithoutHarm) {
  const std::string page = "# TYPE a gauge\na{b=\"c\\\\\"} 1 2 # {} 1\n";
  for (std::size_t at = 0; at < page.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = page;
      changed[at] = static_cast<char>(byte);
      EXPECT_LE(read_all(changed).size(), 2U);
    }
  }
}

TEST(PromParse, KnowsOpenMetricsByItsContentType) {
  EXPECT_EQ(format_of_content_type("application/openmetrics-text; version=1.0.0; charset=utf-8"), Format::kOpenMetrics);
  EXPECT_EQ(format_of_content_type("Application/OpenMetrics-Text"), Format::kOpenMetrics);
  EXPECT_EQ(format_of_content_type("text/plain; version=0.0.4"), Format::kText);
  EXPECT_EQ(format_of_content_type(""), Format::kText);
}

}  // namespace
}  // namespace piman::prom_text
