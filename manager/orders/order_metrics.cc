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

}  // namespace

OrderMetrics::OrderMetrics()
    : installs_total_("piman_installs_total", Type::kCounter, "Installs that ended, by how."),
      duration_("piman_install_duration_seconds", Type::kHistogram,
                "How long installs that succeeded took, in seconds."),
      running_gauge_("piman_installs_running", Type::kGauge, "Installs under way."),
      sessions_gauge_("piman_install_sessions", Type::kGauge,
                      "Nodes connected on the hello port, by what they are at: hello, held, queued or installing."),
      hellos_total_("piman_install_hellos_total", Type::kCounter, "Nodes that said what they are, by dialect."),
      refused_total_("piman_install_refused_total", Type::kCounter,
                     "Connections to the hello and image ports that were turned away, by reason."),
      orders_gauge_("piman_orders", Type::kGauge, "Orders that are not over, by action and state."),
      power_total_("piman_power_switched_total", Type::kCounter,
                   "Times that a node's power was switched, by action and result.") {
  for (const std::string_view word : kResults) results_.emplace(word, 0);
  for (const std::string_view word : {"piman", "seed"}) hellos_.emplace(word, 0);
}

void OrderMetrics::count(Counts& counts, std::string_view word) {
  const auto found = counts.find(word);
  if (found != counts.end()) {
    ++found->second;
  } else {
    ++counts[counts.size() < kMostWords ? std::string(word) : "other"];
  }
}

void OrderMetrics::count_install(std::string_view result, double seconds) {
  count(results_, result);
  if (result != "installed") return;
  seconds_ += seconds;
  std::size_t bucket = 0;
  while (bucket < kBounds.size() && seconds > kBounds[bucket]) ++bucket;
  ++durations_[bucket];
}

void OrderMetrics::count_hello(std::string_view dialect) { count(hellos_, dialect); }
void OrderMetrics::count_refused(std::string_view reason) { count(refused_, reason); }

void OrderMetrics::count_power(OrderAction action, bool worked, bool dry_run) {
  count(power_, concat(to_string(action), ' ', dry_run ? "dry_run" : worked ? "done" : "failed"));
}

void OrderMetrics::write(Writer& out, const Present& present) const {
  const auto words = [&out](const Family& family, std::string_view label, const Counts& counts) {
    out.family(family);
    for (const auto& [word, number] : counts) out.sample({{label, word}}, number);
  };
  words(installs_total_, "result", results_);
  out.family(duration_);
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < kBounds.size(); ++i) {
    below += durations_[i];
    std::string bound;
    prom_text::append_number(bound, kBounds[i]);
    out.sample_rendered(concat("{le=\"", bound, "\"}"), static_cast<double>(below), "_bucket");
  }
  below += durations_.back();
  out.sample_rendered("{le=\"+Inf\"}", static_cast<double>(below), "_bucket");
  out.sample_rendered("", seconds_, "_sum");
  out.sample_rendered("", static_cast<double>(below), "_count");
  out.single(running_gauge_, std::uint64_t{present.running});
  out.family(sessions_gauge_);
  const std::size_t others = present.sessions - present.running - present.queued - present.held;
  out.sample({{"at", "hello"}}, std::uint64_t{others});
  out.sample({{"at", "held"}}, std::uint64_t{present.held});
  out.sample({{"at", "queued"}}, std::uint64_t{present.queued});
  out.sample({{"at", "installing"}}, std::uint64_t{present.running});
  words(hellos_total_, "dialect", hellos_);
  words(refused_total_, "reason", refused_);
  out.family(orders_gauge_);
  for (std::size_t action = 0; action < kOrderActionCount; ++action) {
    for (std::size_t state = 0; state < static_cast<std::size_t>(OrderState::kDone); ++state) {
      out.sample({{"action", to_string(static_cast<OrderAction>(action))},
                  {"state", to_string(static_cast<OrderState>(state))}},
                 std::uint64_t{present.orders[action][state]});
    }
  }
  out.family(power_total_);
  for (const auto& [both, number] : power_) {
    std::string_view rest = both;
    const std::string_view action = next_until(rest, ' ');
    out.sample({{"action", action}, {"result", rest}}, number);
  }
}

}  // namespace piman::manager
