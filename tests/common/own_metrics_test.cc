// SPDX-License-Identifier: Apache-2.0
#include "common/own_metrics.h"

#include <gmock/gmock.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/text_serializer.h>

#include <ctime>
#include <map>
#include <sstream>

#include "common/text.h"
#include "tests/support/temp_tree.h"

namespace piman {
namespace {

using prom_text::Format;
using prom_text::Writer;
using test::TempTree;
using testing::Contains;
using testing::Key;
using testing::Not;

/// name{labels} -> value. Bucket bounds are numbers in quotes, which two writers may print in two ways.
std::map<std::string, double> samples_of(std::string_view page) {
  std::map<std::string, double> samples;
  while (!page.empty()) {
    const std::string_view line = next_line(page);
    if (line.starts_with('#')) continue;
    const std::size_t blank = line.rfind(' ');
    std::string key(line.substr(0, blank));
    if (const std::size_t at = key.find("le=\""); at != std::string::npos) {
      const std::size_t end = key.find('"', at + 4);
      const std::string bound = key.substr(at + 4, end - at - 4);
      key.replace(at + 4, end - at - 4, concat(std::strtod(bound.c_str(), nullptr)));
    }
    samples[key] = std::strtod(std::string(line.substr(blank + 1)).c_str(), nullptr);
  }
  return samples;
}

std::string written(const prometheus::Registry& registry, Format format) {
  Writer out(format);
  write_registry(registry, out);
  return out.text();
}

std::shared_ptr<prometheus::Registry> example() {
  auto registry = std::make_shared<prometheus::Registry>();
  auto& requests = prometheus::BuildCounter().Name("requests_total").Help("Requests.").Register(*registry);
  requests.Add({{"code", "200"}, {"path", "/metrics"}}).Increment(1234567);
  requests.Add({{"code", "500"}, {"path", "a\\b\"c\nd"}}).Increment(0.1);
  prometheus::BuildGauge().Name("temperature_celsius").Help("Heat.").Register(*registry).Add({}).Set(-1.5e-7);
  auto& durations = prometheus::BuildHistogram().Name("duration_seconds").Help("Time.").Register(*registry);
  const prometheus::Histogram::BucketBoundaries bounds = {0.1, 1, 2.5};
  auto& plain = durations.Add({}, bounds);
  auto& labelled = durations.Add({{"shard", "7"}}, bounds);
  for (const double seconds : {0.05, 0.1, 0.7, 99.0}) plain.Observe(seconds);
  labelled.Observe(2);
  prometheus::BuildCounter().Name("unused_total").Help("No sample yet.").Register(*registry);
  return registry;
}

TEST(OwnMetrics, TheSameSamplesAsTheLibrarysOwnWriter) {
  const auto registry = example();
  std::ostringstream theirs;
  prometheus::TextSerializer().Serialize(theirs, registry->Collect());
  const auto samples = samples_of(written(*registry, Format::kText));
  EXPECT_EQ(samples, samples_of(theirs.str()));
  EXPECT_EQ(samples.size(), 15U);
}

TEST(OwnMetrics, Histogram) {
  auto registry = prometheus::Registry();
  prometheus::BuildHistogram()
      .Name("duration_seconds")
      .Help("Time.")
      .Register(registry)
      .Add({{"shard", "7"}}, prometheus::Histogram::BucketBoundaries{0.1, 2500000})
      .Observe(2);
  EXPECT_EQ(written(registry, Format::kText), R"(# HELP duration_seconds Time.
# TYPE duration_seconds histogram
duration_seconds_bucket{shard="7",le="0.1"} 0
duration_seconds_bucket{shard="7",le="2.5e+06"} 1
duration_seconds_bucket{shard="7",le="+Inf"} 1
duration_seconds_sum{shard="7"} 2
duration_seconds_count{shard="7"} 1
)");
}

TEST(OwnMetrics, OpenMetricsCountersEndInTotal) {
  auto registry = prometheus::Registry();
  prometheus::BuildCounter().Name("boots").Help("Boots.").Register(registry).Add({}).Increment();
  EXPECT_EQ(written(registry, Format::kOpenMetrics), "# HELP boots Boots.\n# TYPE boots counter\nboots_total 1\n");
}

TEST(OwnMetrics, NothingRegisteredNothingWritten) { EXPECT_EQ(written(prometheus::Registry(), Format::kText), ""); }

TEST(ProcessMetrics, OfThisProcess) {
  ProcessMetrics process{HostPaths()};
  for (int scrape = 0; scrape < 2; ++scrape) {
    Writer out;
    process.write(out);
    const auto samples = samples_of(out.text());
    EXPECT_EQ(samples.size(), 8U) << out.text();
    EXPECT_GT(samples.at("process_cpu_seconds_total"), 0);
    EXPECT_LT(samples.at("process_cpu_seconds_total"), 3600);
    EXPECT_GT(samples.at("process_resident_memory_bytes"), 1e6);
    EXPECT_GT(samples.at("process_virtual_memory_bytes"), samples.at("process_resident_memory_bytes"));
    EXPECT_GT(samples.at("process_virtual_memory_max_bytes"), 0);
    EXPECT_GE(samples.at("process_open_fds"), 3);
    EXPECT_LT(samples.at("process_open_fds"), samples.at("process_max_fds"));
    EXPECT_GE(samples.at("process_threads"), 1);
    const auto now = static_cast<double>(std::time(nullptr));
    EXPECT_LE(samples.at("process_start_time_seconds"), now + 2);
    EXPECT_GT(samples.at("process_start_time_seconds"), now - 3600);
  }
}

TEST(ProcessMetrics, CountsADescriptorMore) {
  ProcessMetrics process{HostPaths()};
  const auto open_fds = [&] {
    Writer out;
    process.write(out);
    return samples_of(out.text()).at("process_open_fds");
  };
  const double before = open_fds();
  const TempTree tree({{"file", ""}});
  const std::ifstream file(tree.path("file"));
  EXPECT_EQ(open_fds(), before + 1);
}

TEST(ProcessMetrics, ACommandNameMayHoldAnything) {
  const TempTree tree(
      {{"proc/self/stat",
        "7 (a) b (x) S 1 7 7 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 5 0 250 4096000 100 18446744073709551615\n"},
       {"proc/stat", "cpu 1 2 3\nbtime 1700000000\n"},
       {"proc/self/fd/0", ""},
       {"proc/self/fd/1", ""},
       {"proc/self/fd/2", ""}});
  ProcessMetrics process(tree.host_paths());
  Writer out;
  process.write(out);
  const auto samples = samples_of(out.text());
  EXPECT_EQ(samples.at("process_threads"), 5);
  EXPECT_EQ(samples.at("process_virtual_memory_bytes"), 4096000);
  EXPECT_EQ(samples.at("process_resident_memory_bytes"), 100.0 * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  EXPECT_EQ(samples.at("process_open_fds"), 2);
  EXPECT_EQ(samples.at("process_start_time_seconds"), 1700000000 + 250.0 / static_cast<double>(::sysconf(_SC_CLK_TCK)));
}

TEST(ProcessMetrics, WhatCantBeReadIsLeftOut) {
  for (const char* stat : {"", "7", "7 (a", "7 (a)", "7 (a) S 1"}) {
    const TempTree tree({{"proc/self/stat", stat}, {"proc/stat", "btime"}, {"proc/self/fd/", ""}});
    ProcessMetrics process(tree.host_paths());
    Writer out;
    process.write(out);
    const auto samples = samples_of(out.text());
    EXPECT_THAT(samples, Not(Contains(Key("process_threads"))));
    EXPECT_THAT(samples, Not(Contains(Key("process_start_time_seconds"))));
    const auto fds = samples.find("process_open_fds");
    EXPECT_TRUE(fds == samples.end() || fds->second == 0) << fds->second;
    EXPECT_THAT(samples, Contains(Key("process_cpu_seconds_total")));
  }
}

}  // namespace
}  // namespace piman
