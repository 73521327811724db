// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "common/clock.h"
#include "common/mutex.h"
#include "manager/fleet/fleet.h"
#include "manager/store/records.h"
#include "netboot/install/orders.h"

/// Changes of phase as the journal keeps them, and what installers say as facts of phases.
namespace piman::manager {

/// A node that flaps must not push everything else out of the journal: each has some changes at once, and then one a
/// minute. What was left out is counted in the next entry.
/// Thread-safety: called from any thread.
class PhaseJournal {
 public:
  static constexpr std::uint32_t kAtOnce = 60;  ///< four installs and what is between them
  static constexpr std::chrono::seconds kOneEach{60};

  /// Nothing for what is left out, and for a node that is found up when the manager begins.
  std::optional<JournalEntry> entry_of(const PhaseChange& change) PIMAN_EXCLUDES(mutex_);

 private:
  struct Bucket {
    WallTime refilled{};
    std::uint32_t left = kAtOnce;
    std::uint32_t left_out = 0;
  };
  Mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_ PIMAN_GUARDED_BY(mutex_);
};

/// Pure. Nothing for events that say nothing of the node's phase.
std::optional<InstallFact> install_fact(const netboot::install::InstallEvent& event);

}  // namespace piman::manager
