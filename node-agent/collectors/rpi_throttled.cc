// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/rpi_throttled.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

#include "common/text.h"
#include "node-agent/board_watch.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Labels;
using prom_text::Type;

class RpiThrottledCollector final : public Collector {
 public:
  explicit RpiThrottledCollector(const CollectorContext& context) : board_(board_watch_of(context)) {
    for (std::size_t i = 0; i < kThrottleConditions; ++i) {
      labels_.push_back(Labels({{"condition", to_string(static_cast<ThrottleCondition>(i))}}));
    }
  }

  Result<Outcome> collect(prom_text::Writer& out) override {
    auto state = board_->look_at_throttling(std::chrono::steady_clock::now());
    if (!state) return fail(state.error().message);
    if (state->conditions.empty()) return Outcome::kAbsent;
    std::sort(state->conditions.begin(), state->conditions.end(),
              [](const auto& a, const auto& b) { return to_string(a.condition) < to_string(b.condition); });
    out.family(level_);
    for (const auto& condition : state->conditions) {
      out.sample(labels_of(condition.condition), std::uint64_t{condition.level ? 1U : 0U});
    }
    out.family(events_);
    for (const auto& condition : state->conditions) out.sample(labels_of(condition.condition), condition.events);
    // The bits of the mailbox's own tag are cleared by the kernel every two seconds; these are not.
    const auto text = board_->mailbox().ask_command("get_throttled");
    const auto word = text && *text ? parse_throttled(**text) : std::nullopt;
    if (!word) return Outcome::kCollected;
    constexpr unsigned kSinceBoot = 16;
    out.family(occurred_);
    for (const auto& condition : state->conditions) {
      out.sample(labels_of(condition.condition),
                 std::uint64_t{*word >> (kSinceBoot + static_cast<unsigned>(condition.condition)) & 1U});
    }
    return Outcome::kCollected;
  }

 private:
  const Labels& labels_of(ThrottleCondition condition) const { return labels_[static_cast<std::size_t>(condition)]; }

  const std::shared_ptr<BoardWatch> board_;
  std::vector<Labels> labels_;
  const Family level_{"rpi_throttled", Type::kGauge, "Whether this condition holds now: 1 or 0."};
  const Family events_{"rpi_throttled_events_total", Type::kCounter,
                       "How often this condition was seen to begin since the agent started."};
  const Family occurred_{"rpi_throttled_occurred", Type::kGauge,
                         "Whether the firmware has seen this condition since boot: 1 or 0."};
};

}  // namespace

std::optional<std::uint32_t> parse_throttled(std::string_view text) {
  constexpr std::string_view kPrefix = "throttled=0x";
  text = trim(text);
  if (!text.starts_with(kPrefix)) return std::nullopt;
  const auto word = parse_hex(text.substr(kPrefix.size()));
  if (!word || *word > UINT32_MAX) return std::nullopt;
  return static_cast<std::uint32_t>(*word);
}

Result<std::unique_ptr<Collector>> make_rpi_throttled_collector(const CollectorContext& context) {
  return std::make_unique<RpiThrottledCollector>(context);
}

}  // namespace piman::agent
