// SPDX-License-Identifier: Apache-2.0
#include "common/prom_text.h"

#include <gtest/gtest.h>

#include "common/text.h"

namespace piman::prom_text {
namespace {

using namespace std::string_literals;

std::string label_value(std::string_view value) {
  std::string out;
  append_label_value(out, value);
  return out;
}

TEST(PromLabels, Escaping) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},
      {"eth0", "eth0"},
      {R"(C:\dir)", R"(C:\\dir)"},
      {R"(say "hi")", R"(say \"hi\")"},
      {"two\nlines", R"(two\nlines)"},
      {"\t{},='#", "\t{},='#"},
      {"Zürich €", "Zürich €"},
      {"a\xFF\"", "a\xEF\xBF\xBD\\\""},
      {"\r\0"s, "\r\0"s},  // the format escapes only three
  };
  for (const auto& [given, wanted] : cases) EXPECT_EQ(label_value(given), wanted) << quote(given);
}

TEST(PromLabels, Sets) {
  EXPECT_EQ(Labels().text(), "");
  EXPECT_EQ(Labels({}).text(), "");
  EXPECT_EQ(Labels({{"cpu", "0"}}).text(), R"({cpu="0"})");
  EXPECT_EQ(Labels({{"cpu", "0"}, {"mode", "a\"b"}}).text(), R"({cpu="0",mode="a\"b"})");
}

/// One page with one family of each kind.
std::string page(Format format) {
  const Family counter("node_cpu_seconds_total", Type::kCounter, "Seconds the CPUs spent in each mode.");
  const Family odd_counter("node_forks", Type::kCounter, "Says \"forks\" with a \\ and\na line end.");
  const Family gauge("node_load1", Type::kGauge, "1m load average.");
  const Family untyped("node_vmstat_pgfault", Type::kUntyped, "Field pgfault.");
  const Family histogram("scrape_seconds", Type::kHistogram, "Durations.");
  const Family empty("never_seen", Type::kGauge, "No sample, no trace.");
  const Labels idle({{"cpu", "0"}, {"mode", "idle"}});
  Writer out(format);
  out.family(counter);
  out.sample(idle, 1234567.25);
  out.sample({{"cpu", "1"}, {"mode", "idle"}}, std::uint64_t{1234567});
  out.sample({{"cpu", "1"}, {"mode", "user"}}, 0.5);
  out.family(empty);
  out.single(odd_counter, std::uint64_t{42});
  out.single(gauge, 0.25);
  out.family(untyped);
  out.sample(idle, std::uint64_t{7});
  out.family(histogram);
  out.sample_rendered(R"({le="0.1"})", 1, "_bucket");
  out.sample_rendered(R"({le="+Inf"})", 2, "_bucket");
  out.sample_rendered("", 0.75, "_sum");
  out.sample_rendered("", 2, "_count");
  EXPECT_EQ(out.sample_count(), 10U);
  out.finish();
  return out.text();
}

TEST(PromPage, Text) {
  EXPECT_EQ(page(Format::kText),
            R"(# HELP node_cpu_seconds_total Seconds the CPUs spent in each mode.
# TYPE node_cpu_seconds_total counter
node_cpu_seconds_total{cpu="0",mode="idle"} 1.23456725e+06
node_cpu_seconds_total{cpu="1",mode="idle"} 1.234567e+06
node_cpu_seconds_total{cpu="1",mode="user"} 0.5
# HELP node_forks Says "forks" with a \\ and\na line end.
# TYPE node_forks counter
node_forks 42
# HELP node_load1 1m load average.
# TYPE node_load1 gauge
node_load1 0.25
# HELP node_vmstat_pgfault Field pgfault.
# TYPE node_vmstat_pgfault untyped
node_vmstat_pgfault{cpu="0",mode="idle"} 7
# HELP scrape_seconds Durations.
# TYPE scrape_seconds histogram
scrape_seconds_bucket{le="0.1"} 1
scrape_seconds_bucket{le="+Inf"} 2
scrape_seconds_sum 0.75
scrape_seconds_count 2
)");
}

TEST(PromPage, OpenMetrics) {
  EXPECT_EQ(page(Format::kOpenMetrics),
            R"(# HELP node_cpu_seconds Seconds the CPUs spent in each mode.
# TYPE node_cpu_seconds counter
node_cpu_seconds_total{cpu="0",mode="idle"} 1.23456725e+06
node_cpu_seconds_total{cpu="1",mode="idle"} 1.234567e+06
node_cpu_seconds_total{cpu="1",mode="user"} 0.5
# HELP node_forks Says \"forks\" with a \\ and\na line end.
# TYPE node_forks counter
node_forks_total 42
# HELP node_load1 1m load average.
# TYPE node_load1 gauge
node_load1 0.25
# HELP node_vmstat_pgfault Field pgfault.
# TYPE node_vmstat_pgfault unknown
node_vmstat_pgfault{cpu="0",mode="idle"} 7
# HELP scrape_seconds Durations.
# TYPE scrape_seconds histogram
scrape_seconds_bucket{le="0.1"} 1
scrape_seconds_bucket{le="+Inf"} 2
scrape_seconds_sum 0.75
scrape_seconds_count 2
# EOF
)");
}

TEST(PromPage, MediaTypes) {
  EXPECT_EQ(content_type(Format::kText), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(content_type(Format::kOpenMetrics), "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

TEST(PromPage, TheFormatThatAnAcceptHeaderPrefers) {
  for (const char* open :
       {"application/openmetrics-text", "Application/OpenMetrics-Text; version=1.0.0",
        "text/plain;q=0.5,application/openmetrics-text",
        // Prometheus 2 and 3
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
        "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;"
        "version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/"
        "*;q=0.2"}) {
    EXPECT_EQ(negotiate(open), Format::kOpenMetrics) << open;
  }
  for (const char* text :
       {"", "*/*", "text/plain", "text/html,*/*;q=0.8", "application/json", "application/openmetrics-text;q=0",
        "application/openmetrics-text;q=nonsense", "application/openmetrics-text;version=2.0.0",
        "text/plain,application/openmetrics-text", "application/openmetrics-text;q=0.3,*/*;q=0.5",
        ";;,,;q=,=", "application/openmetrics-textual"}) {
    EXPECT_EQ(negotiate(text), Format::kText) << text;
  }
}

TEST(PromPage, AnEmptyPage) {
  Writer text(Format::kText), open(Format::kOpenMetrics);
  text.finish();
  open.finish();
  EXPECT_EQ(text.text(), "");
  EXPECT_EQ(open.text(), "# EOF\n");
}

TEST(PromPage, HelpIsMadeValidUtf8) {
  EXPECT_EQ(Family("a", Type::kGauge, "x\xFFy").header(Format::kText), "# HELP a x\xEF\xBF\xBDy\n# TYPE a gauge\n");
}

TEST(PromWriter, ResetForgetsThePageAndItsFamily) {
  const Family family("a", Type::kGauge, "A.");
  Writer out(Format::kText);
  out.single(family, 1.0);
  out.family(family);  // opened, but nothing written
  out.reset(Format::kOpenMetrics);
  EXPECT_EQ(out.text(), "");
  EXPECT_EQ(out.sample_count(), 0U);
  EXPECT_EQ(out.format(), Format::kOpenMetrics);
  out.single(family, 2.0);
  EXPECT_EQ(out.text(), "# HELP a A.\n# TYPE a gauge\na 2\n");
}

TEST(PromWriter, PartsAddUp) {
  const Family a("a", Type::kGauge, "A."), b("b", Type::kGauge, "B."), c("c", Type::kGauge, "C.");
  Writer whole, part;
  part.single(b, 2.0);
  whole.single(a, 1.0);
  whole.family(c);
  whole.append(part);
  whole.single(c, 3.0);
  EXPECT_EQ(whole.sample_count(), 3U);
  EXPECT_EQ(whole.text(),
            "# HELP a A.\n# TYPE a gauge\na 1\n# HELP b B.\n# TYPE b gauge\nb 2\n# HELP c C.\n# TYPE c gauge\nc 3\n");
}

TEST(PromWriter, TakesPartsAndReleasesTheText) {
  const Family a("a", Type::kGauge, "A."), b("b", Type::kGauge, "B.");
  const std::string one = "# HELP a A.\n# TYPE a gauge\na 1\n", two = "# HELP b B.\n# TYPE b gauge\nb 2\n";
  Writer whole, part;
  for (int round = 0; round < 2; ++round) {
    whole.reset(prom_text::Format::kText);
    part.single(a, 1.0);
    whole.take(part);
    EXPECT_EQ(part.text(), "");
    part.single(b, 2.0);
    whole.take(part);
    EXPECT_EQ(whole.sample_count(), 2U);
    EXPECT_EQ(whole.release(), one + two);
    EXPECT_EQ(whole.text(), "");
  }
}

TEST(PromWriter, RenderedAndListedLabelsLookTheSame) {
  const Family family("a", Type::kGauge, "A.");
  Writer rendered, listed;
  rendered.family(family);
  listed.family(family);
  for (const char* value : {"", "x", "a\\b", "a\"b", "a\nb", "\xFF"}) {
    rendered.sample(Labels({{"l", value}, {"m", "1"}}), 0.5);
    listed.sample({{"l", value}, {"m", "1"}}, 0.5);
  }
  EXPECT_EQ(rendered.text(), listed.text());
}

}  // namespace
}  // namespace piman::prom_text
