// SPDX-License-Identifier: Apache-2.0
#include "manager/self_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "common/mutex.h"
#include "common/own_metrics.h"

namespace piman::manager {
namespace {

using prom_text::Family;
using prom_text::Type;
using prom_text::Writer;

struct NodeFamilies {
  Family build{"piman_build_info", Type::kGauge, "Always 1; the version of this piman is a label."};
  Family start{"piman_start_time_seconds", Type::kGauge,
               "When the manager began its work, in seconds since the Unix epoch."};
  Family fleet{"piman_fleet_nodes", Type::kGauge, "Nodes of the inventory in each phase."};
  Family up{"piman_node_up", Type::kGauge, "Whether the node's agent answered the last scrape (1) or not (0)."};
  Family reachable{"piman_node_reachable", Type::kGauge,
                   "Whether anything on the node answered the last scrape: 1 with piman_node_up 0 is a dead agent."};
  Family info{"piman_node_info", Type::kGauge, "Always 1; what is known of the node is in the labels."};
  Family phase{"piman_node_phase", Type::kGauge, "1 for the phase in which the node is, 0 for the others."};
  Family phase_since{"piman_node_phase_since_timestamp_seconds", Type::kGauge,
                     "When the node came into its phase, in seconds since the Unix epoch."};
  Family stuck{"piman_node_stuck", Type::kGauge,
               "Whether the node is in its phase longer than phases.boot_time or phases.install_time allows."};
  Family failed_boots{"piman_node_failed_boots", Type::kGauge, "Boots in a row that came to nothing."};
  Family last_seen{"piman_node_last_seen_timestamp_seconds", Type::kGauge,
                   "The last successful scrape, in seconds since the Unix epoch."};
  Family page_age{"piman_node_page_age_seconds", Type::kGauge,
                  "Age of the metrics page that /nodes/NAME/metrics would pass on now, in seconds."};
  Family boot_time{"piman_node_boot_time_seconds", Type::kGauge,
                   "When the node booted, as its agent says, in seconds since the Unix epoch."};
  Family cpu{"piman_node_cpu_ratio", Type::kGauge,
             "Busy share of all cores together, 0 to 1. Only while the node is up."};
  Family memory{"piman_node_memory_ratio", Type::kGauge,
                "Share of memory that is not available to new programs, 0 to 1. Only while the node is up."};
  Family disk{"piman_node_disk_ratio", Type::kGauge,
              "Used share of the root file system, 0 to 1, as df shows it. Only while the node is up."};
  Family pids{"piman_node_pids", Type::kGauge, "Processes on the node. Only while the node is up."};
  Family temperature{"piman_node_temperature_celsius", Type::kGauge,
                     "Temperature of the node's processor, in degrees Celsius. Only while the node is up."};
  Family duration{"piman_node_scrape_duration_seconds", Type::kGauge,
                  "How long the last scrape of the node took, good or not, in seconds."};
  Family samples{"piman_node_scrape_samples", Type::kGauge, "Samples in the last scrape of the node."};
  Family clock_offset{"piman_node_clock_offset_seconds", Type::kGauge,
                      "How far the node's clock is ahead of the manager's, in seconds. Only while the node is up."};
  Family clock_uncertainty{"piman_node_clock_offset_uncertainty_seconds", Type::kGauge,
                           "How far piman_node_clock_offset_seconds may be off on both sides, in seconds."};
  Family under_voltage{"piman_node_under_voltage", Type::kGauge,
                       "Whether the node's supply is too weak now: 1 or 0. Only while the node is up."};
  Family throttled{"piman_node_throttled", Type::kGauge,
                   "Whether the node's firmware slows it down now: 1 or 0. Only while the node is up."};
  Family root_read_only{"piman_node_root_readonly", Type::kGauge,
                        "Whether the node's root is mounted read-only: 1 or 0. Only while the node is up."};
};

prometheus::Counter& plain_counter(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

}  // namespace

struct SelfMetrics::Counters {
  prometheus::Registry registry;
  prometheus::Counter& scrapes =
      plain_counter(registry, "piman_scrapes_total", "Scrapes of nodes that came to an end, good or not.");
  prometheus::Family<prometheus::Counter>& failure_family = prometheus::BuildCounter()
                                                                .Name("piman_scrape_failures_total")
                                                                .Help("Scrapes of nodes that failed, by reason.")
                                                                .Register(registry);
  std::array<prometheus::Counter*, kScrapeErrorCount> failures{};
  prometheus::Counter& bytes =
      plain_counter(registry, "piman_scrape_body_bytes_total", "Bytes of the metrics pages taken from nodes.");
  prometheus::Histogram& duration =
      prometheus::BuildHistogram()
          .Name("piman_scrape_duration_seconds")
          .Help("How long scrapes of nodes took, in seconds.")
          .Register(registry)
          .Add({}, prometheus::Histogram::BucketBoundaries{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10});
  prometheus::Histogram& delay =
      prometheus::BuildHistogram()
          .Name("piman_scrape_delay_seconds")
          .Help("How much later than due scrapes of nodes began, in seconds.")
          .Register(registry)
          .Add({}, prometheus::Histogram::BucketBoundaries{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10});

  NodeFamilies families;
  Mutex process_mutex;  ///< the readers keep their file open and their buffer; /proc never blocks
  ProcessMetrics process PIMAN_GUARDED_BY(process_mutex){HostPaths{}};

  Counters() {
    // Every reason from the start: increase() over a series that appears with its first failure would miss that one.
    for (std::size_t i = 1; i < kScrapeErrorCount; ++i) {
      failures[i] = &failure_family.Add({{"reason", std::string(to_string(static_cast<ScrapeError>(i)))}});
    }
  }
};

SelfMetrics::SelfMetrics(const Config& config, WallTime started)
    : site_(config.site), started_(started), counters_(std::make_unique<Counters>()) {}
SelfMetrics::~SelfMetrics() = default;

void SelfMetrics::count_scrape(const ScrapeResult& result) {
  counters_->scrapes.Increment();
  counters_->bytes.Increment(static_cast<double>(result.body_bytes));
  counters_->duration.Observe(result.duration.count());
  counters_->delay.Observe(result.delay.count());
  if (auto* failures = counters_->failures[static_cast<std::size_t>(result.error)]) failures->Increment();
}

void SelfMetrics::write(Writer& out, const FleetSnapshot& fleet, WallTime now) {
  write_fleet(out, fleet, now);
  write_registry(counters_->registry, out);
  const MutexLock lock(counters_->process_mutex);
  counters_->process.write(out);
}

void SelfMetrics::write_fleet(Writer& out, const FleetSnapshot& fleet, WallTime now) const {
  const NodeFamilies& families = counters_->families;
  out.family(families.build);
  out.sample({{"version", PIMAN_VERSION}}, std::uint64_t{1});
  out.single(families.start, unix_seconds(started_));

  std::array<std::uint64_t, kPhaseCount> counts{};
  for (const auto& node : fleet.nodes) ++counts[static_cast<std::size_t>(node->phase)];
  out.family(families.fleet);
  for (std::size_t i = 0; i < kPhaseCount; ++i) {
    out.sample({{"site", site_}, {"phase", to_string(static_cast<Phase>(i))}}, counts[i]);
  }

  // One pass a family: the format wants the samples of a family together.
  const auto each = [&](const Family& family, const auto& value_of) {
    out.family(family);
    for (const auto& node : fleet.nodes) {
      const std::optional<double> value = value_of(*node);
      if (value) out.sample({{"node", node->host.name}, {"site", site_}}, *value);
    }
  };
  const auto percent_of = [](const NodeState& node, std::optional<double> NodeEvent::*member) {
    std::optional<double> ratio;
    if (node.phase == Phase::kUp && node.event) ratio = (*node.event).*member;
    if (ratio) *ratio /= 100;
    return ratio;
  };
  const auto when = [](bool known, double value) { return known ? std::optional(value) : std::nullopt; };

  const auto answered = [](const NodeState& n) { return n.last.error == ScrapeError::kNone; };
  each(families.up, [&](const NodeState& n) { return when(n.scrapes > 0, answered(n) ? 1 : 0); });
  each(families.reachable,
       [&](const NodeState& n) { return when(n.scrapes > 0, answered(n) || n.last.host_answered ? 1 : 0); });
  out.family(families.info);
  for (const auto& node : fleet.nodes) {
    out.sample({{"node", node->host.name},
                {"site", site_},
                {"address", node->host.address.to_string()},
                {"mac", node->host.mac.to_string()},
                {"model", node->model}},
               std::uint64_t{1});
  }
  out.family(families.phase);
  for (const auto& node : fleet.nodes) {
    for (std::size_t i = 0; i < kPhaseCount; ++i) {
      const auto phase = static_cast<Phase>(i);
      out.sample({{"node", node->host.name}, {"site", site_}, {"phase", to_string(phase)}},
                 std::uint64_t{node->phase == phase ? 1U : 0U});
    }
  }
  each(families.phase_since, [](const NodeState& n) { return std::optional(unix_seconds(n.phase_since)); });
  each(families.stuck, [](const NodeState& n) { return std::optional(n.stuck ? 1.0 : 0.0); });
  each(families.failed_boots, [](const NodeState& n) { return std::optional(static_cast<double>(n.failed_boots)); });
  each(families.last_seen,
       [&](const NodeState& n) { return n.last_seen ? std::optional(unix_seconds(*n.last_seen)) : std::nullopt; });
  each(families.page_age, [&](const NodeState& n) {
    return when(n.phase == Phase::kUp && n.last_seen.has_value(),
                n.last_seen ? std::chrono::duration<double>(now - *n.last_seen).count() : 0);
  });
  each(families.boot_time, [](const NodeState& n) { return n.boot_time_seconds; });
  each(families.cpu, [&](const NodeState& n) { return percent_of(n, &NodeEvent::cpu_percent); });
  each(families.memory, [&](const NodeState& n) { return percent_of(n, &NodeEvent::memory_percent); });
  each(families.disk, [&](const NodeState& n) { return percent_of(n, &NodeEvent::disk_percent); });
  each(families.pids, [](const NodeState& n) {
    return n.phase == Phase::kUp && n.event ? n.event->num_pids : std::optional<double>();
  });
  each(families.temperature,
       [](const NodeState& n) { return n.phase == Phase::kUp ? n.temperature_celsius : std::optional<double>(); });
  each(families.duration, [&](const NodeState& n) { return when(n.scrapes > 0, n.last.duration.count()); });
  const auto health = [](const NodeState& n, const auto& value) -> std::optional<double> {
    return n.phase == Phase::kUp && value ? std::optional<double>(*value) : std::nullopt;
  };
  each(families.clock_offset, [](const NodeState& n) {
    return n.phase == Phase::kUp && n.health.clock_offset ? std::optional(n.health.clock_offset->seconds)
                                                          : std::nullopt;
  });
  each(families.clock_uncertainty, [](const NodeState& n) {
    return n.phase == Phase::kUp && n.health.clock_offset ? std::optional(n.health.clock_offset->uncertainty_seconds)
                                                          : std::nullopt;
  });
  each(families.under_voltage, [&](const NodeState& n) { return health(n, n.health.under_voltage); });
  each(families.throttled, [&](const NodeState& n) { return health(n, n.health.throttled); });
  each(families.root_read_only, [&](const NodeState& n) { return health(n, n.health.root_read_only); });
  each(families.samples, [&](const NodeState& n) { return when(n.scrapes > 0, static_cast<double>(n.last.samples)); });
}

}  // namespace piman::manager
