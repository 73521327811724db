// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/rpi_kernel_messages.h"

#include <chrono>
#include <cstddef>
#include <vector>

#include "node-agent/board_watch.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Labels;
using prom_text::Type;

class RpiKernelMessagesCollector final : public Collector {
 public:
  explicit RpiKernelMessagesCollector(const CollectorContext& context) : board_(board_watch_of(context)) {
    for (std::size_t i = 0; i < kKernelMessageKinds; ++i) {
      labels_.push_back(Labels({{"kind", to_string(static_cast<KernelMessageKind>(i))}}));
    }
  }

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto state = board_->look_at_kernel_log(std::chrono::steady_clock::now());
    // Absence would be believed for a minute.
    if (!state) return board_->first_reading_is_due() ? Outcome::kCollected : Outcome::kAbsent;
    out.single(lost_, state->lost);
    out.family(messages_);
    for (std::size_t i = 0; i < kKernelMessageKinds; ++i) out.sample(labels_[i], state->counts[i]);
    return Outcome::kCollected;
  }

 private:
  const std::shared_ptr<BoardWatch> board_;
  std::vector<Labels> labels_;
  const Family lost_{"rpi_kernel_messages_lost_total", Type::kCounter,
                     "Kernel messages overwritten before they were read."};
  const Family messages_{"rpi_kernel_messages_total", Type::kCounter,
                         "Kernel messages by kind of trouble, as far back as the log went."};
};

}  // namespace

Result<std::unique_ptr<Collector>> make_rpi_kernel_messages_collector(const CollectorContext& context) {
  return std::make_unique<RpiKernelMessagesCollector>(context);
}

}  // namespace piman::agent
