// SPDX-License-Identifier: Apache-2.0
#include "manager/orders/order_metrics.h"

#include "common/text.h"

namespace piman::manager {
namespace {

using prom_text::Family;
using prom_text::Type;
using prom_text::Writer;

/// The words are fixed texts of ours; this is for the day when one is not.
constexpr std::size_t kMostWords = 64;
/// What a dashboard must be able to count from zero.
constexpr std::array<std::string_view, 5> kResults = {"installed", "failed", "cut", "not_verified", "timed_out"};
constexpr std::array<std::string_view, 3> kSwitchResults = {"done", "failed", "dry_run"};
constexpr std::array kEnds = {OrderState::kDone, OrderState::kFailed, OrderState::kExpired, OrderState::kWithdrawn};

struct Families {
  Family installs{"piman_installs_total", Type::kCounter, "Installs that ended, by how."};
  Family failures{"piman_install_failures_total", Type::kCounter,
                  "Installs that did not succeed, by how and by the stage in which they ended."};
  Family duration{"piman_install_duration_seconds", Type::kHistogram,
                  "How long installs that succeeded took, in seconds."};
  Family stages{"piman_install_stage_duration_seconds", Type::kHistogram,
                "How long the stages of installs took, in seconds; also of those that did not succeed."};
  Family running{"piman_installs_running", Type::kGauge, "Installs under way."};
  Family sessions{"piman_install_sessions", Type::kGauge,
                  "Nodes connected on the hello port, by what they are at: hello, held, queued or installing."};
  Family hellos{"piman_install_hellos_total", Type::kCounter, "Nodes that said what they are, by dialect."};
  Family refused{"piman_install_refused_total", Type::kCounter,
                 "Connections to the hello and image ports that were turned away, by reason."};
  Family image{"piman_node_image_info", Type::kGauge,
               "Always 1; the labels name the image that the node was last installed with."};
  Family installed{"piman_node_installed_timestamp_seconds", Type::kGauge,
                   "When the last install of the node succeeded, in seconds since the Unix epoch."};
  Family orders{"piman_orders", Type::kGauge, "Orders that are not over, by action and state."};
  Family orders_ended{"piman_orders_ended_total", Type::kCounter, "Orders that are over, by action and how."};
  Family rollouts{"piman_rollout_nodes", Type::kGauge,
                  "Nodes of each rollout that goes on, by the state of their orders; the newest 16 rollouts."};
  Family power{"piman_power_switched_total", Type::kCounter,
               "Times that a node's power was switched, by action and result."};
};

const Families& families() {
  static const Families all;
  return all;
}

}  // namespace

OrderMetrics::OrderMetrics() {
  for (const std::string_view word : kResults) results_.emplace(word, 0);
  for (const std::string_view word : {"piman", "seed"}) hellos_.emplace(word, 0);
  for (const OrderAction action :
       {OrderAction::kReinstall, OrderAction::kRestart, OrderAction::kPowerOn, OrderAction::kPowerOff}) {
    for (const std::string_view result : kSwitchResults) power_.emplace(concat(to_string(action), ' ', result), 0);
  }
  for (std::size_t stage = 0; stage < kInstallStageCount; ++stage) {
    for (const std::string_view word : kResults) {
      if (word != "installed") failures_.emplace(std::pair(static_cast<InstallStage>(stage), std::string(word)), 0);
    }
  }
}

void OrderMetrics::Durations::count(double value) {
  seconds += value;
  std::size_t bucket = 0;
  while (bucket < bounds.size() && value > bounds[bucket]) ++bucket;
  ++counts[bucket];
}

void OrderMetrics::Durations::write(Writer& out, std::string_view stage) const {
  const std::string label = stage.empty() ? std::string() : concat("stage=\"", stage, "\"");
  const std::string before = label.empty() ? std::string() : concat(label, ",");
  const std::string alone = label.empty() ? std::string() : concat("{", label, "}");
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    below += counts[i];
    std::string bound;
    prom_text::append_number(bound, bounds[i]);
    out.sample_rendered(concat("{", before, "le=\"", bound, "\"}"), static_cast<double>(below), "_bucket");
  }
  below += counts.back();
  out.sample_rendered(concat("{", before, "le=\"+Inf\"}"), static_cast<double>(below), "_bucket");
  out.sample_rendered(alone, seconds, "_sum");
  out.sample_rendered(alone, static_cast<double>(below), "_count");
}

void OrderMetrics::count(Counts& counts, std::string_view word) {
  const auto found = counts.find(word);
  if (found != counts.end()) {
    ++found->second;
  } else {
    ++counts[counts.size() < kMostWords ? std::string(word) : "other"];
  }
}

void OrderMetrics::count_install(std::string_view result, InstallStage stage, double seconds) {
  count(results_, result);
  if (result == "installed") {
    duration_.count(seconds);
    return;
  }
  const auto failure = failures_.find(std::pair(stage, std::string(result)));
  if (failure != failures_.end()) {
    ++failure->second;
  } else if (failures_.size() < kMostWords) {
    failures_.emplace(std::pair(stage, std::string(result)), 1);
  }
}

void OrderMetrics::count_stage(InstallStage stage, double seconds) {
  stages_[static_cast<std::size_t>(stage)].count(seconds);
}

void OrderMetrics::count_ended(const OrderChanges& rows) {
  for (const OrderRecord& order : rows.orders) {
    if (is_over(order.state)) ++ended_[static_cast<std::size_t>(order.action)][static_cast<std::size_t>(order.state)];
  }
}

void OrderMetrics::count_hello(std::string_view dialect) { count(hellos_, dialect); }
void OrderMetrics::count_refused(std::string_view reason) { count(refused_, reason); }

void OrderMetrics::count_power(OrderAction action, bool worked, bool dry_run) {
  count(power_, concat(to_string(action), ' ', dry_run ? "dry_run" : worked ? "done" : "failed"));
}

void OrderMetrics::write(Writer& out, const Present& present) const {
  write_installs(out, present);
  write_orders(out, present);
}

void OrderMetrics::write_installs(Writer& out, const Present& present) const {
  const auto words = [&out](const Family& family, std::string_view label, const Counts& counts) {
    out.family(family);
    for (const auto& [word, number] : counts) out.sample({{label, word}}, number);
  };
  words(families().installs, "result", results_);
  out.family(families().failures);
  for (const auto& [key, number] : failures_) {
    out.sample({{"stage", to_string(key.first)}, {"result", key.second}}, number);
  }
  out.family(families().duration);
  duration_.write(out, {});
  out.family(families().stages);
  for (std::size_t i = 0; i < kInstallStageCount; ++i) stages_[i].write(out, to_string(static_cast<InstallStage>(i)));
  out.single(families().running, std::uint64_t{present.running});
  out.family(families().sessions);
  const std::size_t others = present.sessions - present.running - present.queued - present.held;
  out.sample({{"at", "hello"}}, std::uint64_t{others});
  out.sample({{"at", "held"}}, std::uint64_t{present.held});
  out.sample({{"at", "queued"}}, std::uint64_t{present.queued});
  out.sample({{"at", "installing"}}, std::uint64_t{present.running});
  words(families().hellos, "dialect", hellos_);
  words(families().refused, "reason", refused_);
  out.family(families().image);
  for (const Installed& each : present.installed) {
    out.sample({{"node", each.node}, {"site", present.site}, {"image", each.image}, {"version", each.version}},
               std::uint64_t{1});
  }
  out.family(families().installed);
  for (const Installed& each : present.installed) {
    out.sample({{"node", each.node}, {"site", present.site}}, static_cast<double>(each.installed_ms) / 1000);
  }
}

void OrderMetrics::write_orders(Writer& out, const Present& present) const {
  out.family(families().orders);
  for (std::size_t action = 0; action < kOrderActionCount; ++action) {
    for (std::size_t state = 0; state < static_cast<std::size_t>(OrderState::kDone); ++state) {
      out.sample({{"action", to_string(static_cast<OrderAction>(action))},
                  {"state", to_string(static_cast<OrderState>(state))}},
                 std::uint64_t{present.orders[action][state]});
    }
  }
  out.family(families().orders_ended);
  for (std::size_t action = 0; action < kOrderActionCount; ++action) {
    for (const OrderState state : kEnds) {
      out.sample({{"action", to_string(static_cast<OrderAction>(action))}, {"state", to_string(state)}},
                 ended_[action][static_cast<std::size_t>(state)]);
    }
  }
  out.family(families().rollouts);
  for (const Rollout& rollout : present.rollouts) {
    for (std::size_t state = 0; state < kOrderStateCount; ++state) {
      out.sample({{"rollout", std::to_string(rollout.id)},
                  {"action", to_string(rollout.action)},
                  {"state", to_string(static_cast<OrderState>(state))}},
                 rollout.nodes[state]);
    }
  }
  out.family(families().power);
  for (const auto& [both, number] : power_) {
    std::string_view rest = both;
    const std::string_view action = next_until(rest, ' ');
    out.sample({{"action", action}, {"result", rest}}, number);
  }
}

}  // namespace piman::manager
