// SPDX-License-Identifier: Apache-2.0
// A peer for the agent's bench: serves a given page's samples as prometheus-cpp's own serializer writes them. It reads
// nothing from the kernel, so its cost is the serializer's and the server's alone.
//   piman_bench_prometheus_cpp --web.listen-address=127.0.0.1:PORT PAGE
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <cstdio>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "common/flags.h"
#include "common/host_files.h"
#include "common/http/server.h"
#include "common/prom_parse.h"
#include "common/shutdown.h"

namespace {

using namespace piman;

std::vector<prometheus::MetricFamily> families_of(std::string_view page) {
  std::map<std::string, prometheus::MetricFamily> by_name;
  prom_text::PageReader reader(page, prom_text::Format::kText);
  for (prom_text::Sample sample; reader.next(sample);) {
    prometheus::MetricFamily& family = by_name[std::string(sample.name)];
    family.name = sample.name;
    family.help = "As the agent says.";
    family.type = prometheus::MetricType::Gauge;
    prometheus::ClientMetric metric;
    metric.gauge.value = sample.value;
    prom_text::LabelReader labels(sample.labels);
    for (std::string_view name, value; labels.next(name, value);) {
      metric.label.push_back({std::string(name), std::string(value)});
    }
    family.metric.push_back(std::move(metric));
  }
  std::vector<prometheus::MetricFamily> families;
  for (auto& [name, family] : by_name) families.push_back(std::move(family));
  return families;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<Flag> table = {{"web.listen-address", "ADDRESS", "127.0.0.1:0", "Where to listen."}};
  const auto flags = parse_flags(table, std::span<const char* const>(argv, static_cast<std::size_t>(argc)).subspan(1));
  const auto address = HostPort::parse(flags.value(table, "web.listen-address"));
  if (!flags.problems.empty() || flags.arguments.size() != 1 || !address) return 2;
  const auto page = read_host_file(flags.arguments[0]);
  if (!page) return 2;
  const auto families = families_of(*page);
  const ShutdownSignals signals;
  Logger log(LogLevel::kError);
  http::Router router;
  router.add("GET", "/metrics", [&](const http::Request&) {
    // The copy stands for the vector that Collect() makes at each scrape.
    return http::Response::text(200, prometheus::TextSerializer().Serialize(std::vector(families)));
  });
  http::ServerOptions options;
  options.listen = {*address};
  const auto server = http::Server::start(options, router, log);
  if (!server) return 1;
  signals.wait();
  return 0;
}
