// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/rpi_system.h"

#include <chrono>
#include <optional>
#include <string>

#include "common/host_files.h"
#include "node-agent/board_watch.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

class RpiSystemCollector final : public Collector {
 public:
  explicit RpiSystemCollector(const CollectorContext& context)
      : reboot_required_(context.paths.root("/run/reboot-required")),
        check_log_(context.paths.root("/run/initramfs/fsck.log")),
        board_(board_watch_of(context)) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    out.single(reboot_, std::uint64_t{host_path_exists(reboot_required_) ? 1U : 0U});
    if (const auto unclean = was_unclean()) out.single(unclean_, std::uint64_t{*unclean ? 1U : 0U});
    return Outcome::kCollected;
  }

 private:
  /// Nothing was written down at the shutdown itself, so only what had to be repaired afterwards tells. Where an
  /// initramfs checks the root file system, it replays the journal and the kernel finds nothing left to do.
  std::optional<bool> was_unclean() {
    if (!checked_) {
      checked_ = true;
      if (const auto log = read_host_file(check_log_))
        journal_recovered_ = log->find("recovering journal") != log->npos;
    }
    const auto kernel = board_->look_at_kernel_log(std::chrono::steady_clock::now());
    const bool kernel_knows = kernel && (kernel->since_boot || kernel->unclean_shutdown);
    if (!kernel_knows && !journal_recovered_) return std::nullopt;
    return (kernel_knows && kernel->unclean_shutdown) || journal_recovered_.value_or(false);
  }

  const std::string reboot_required_, check_log_;
  const std::shared_ptr<BoardWatch> board_;
  bool checked_ = false;
  std::optional<bool> journal_recovered_;
  const Family reboot_{"rpi_reboot_required", Type::kGauge, "Whether an update waits for a reboot: 1 or 0."};
  const Family unclean_{"rpi_unclean_shutdown", Type::kGauge, "Whether file systems were recovered at boot: 1 or 0."};
};

}  // namespace

Result<std::unique_ptr<Collector>> make_rpi_system_collector(const CollectorContext& context) {
  return std::make_unique<RpiSystemCollector>(context);
}

}  // namespace piman::agent
