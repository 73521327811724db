// SPDX-License-Identifier: Apache-2.0
#include "manager/fleet/phase.h"

#include <array>

#include "common/text.h"

namespace piman::manager {
namespace {

/// A scrape that began before the present phase says nothing of it. One that seems to be older than a scrape can be is
/// believed nevertheless: the clock was set.
constexpr std::chrono::seconds kLongestScrape{60};

bool is_boot(Phase phase) { return phase == Phase::kDhcp || phase == Phase::kLoading || phase == Phase::kBooting; }
bool is_install(Phase phase) {
  return phase == Phase::kHello || phase == Phase::kFormatting || phase == Phase::kDownloading ||
         phase == Phase::kVerifying;
}

class Step {
 public:
  Step(const PhaseState& before, WallTime at, const PhaseRules& rules) : state_(before), at_(at), rules_(rules) {}

  void take(const ScrapeFact& scrape) {
    if (at_ < state_.since && state_.since - at_ < kLongestScrape) return;
    if (scrape.agent_answered) {
      state_.failed_boots = 0;
      state_.boot_is_open = false;
      heard();
      return move(Phase::kUp);
    }
    if (scrape.host_answered) return take_host_without_agent();
    const auto silence = at_ - state_.heard;
    switch (state_.phase) {
      case Phase::kPending:
      case Phase::kUp:
      case Phase::kAgentDown:
        return move(Phase::kDown);
      case Phase::kDhcp:
      case Phase::kLoading:
      case Phase::kBooting:
        if (silence > rules_.boot_time) move(Phase::kDown);
        return;
      case Phase::kHello:
      case Phase::kFormatting:
      case Phase::kDownloading:
      case Phase::kVerifying:
        if (silence > rules_.install_time) move(Phase::kDown);
        return;
      case Phase::kOff:
      case Phase::kDown:
      case Phase::kFailed:
      case Phase::kQuarantined:
        return;
    }
  }

  void take(const BootFact& boot) {
    if (state_.boot && boot.started < *state_.boot) return;
    const bool is_new = state_.boot != boot.started;
    if (is_new && boot.reached == BootFact::Reached::kStuck)
      return;  // a system's own DHCP, which was no boot from here
    if (is_new) {
      if (state_.boot_is_open) ++state_.failed_boots;
      state_.boot = boot.started;
      state_.boot_is_open = true;
    }
    if (boot.reached == BootFact::Reached::kStuck) return take_stuck(boot);
    if (!is_new && is_over()) return;
    heard();
    if (is_quarantine()) return quarantine();
    const Phase reached = boot.reached == BootFact::Reached::kAsked     ? Phase::kDhcp
                          : boot.reached == BootFact::Reached::kLoading ? Phase::kLoading
                                                                        : Phase::kBooting;
    // Within one boot it only goes on.
    if (!is_new && is_boot(state_.phase) && reached < state_.phase) return;
    move(reached, boot.detail);
  }

  void take(const InstallFact& install) {
    using Kind = InstallFact::Step;
    if (install.step != Kind::kGone) heard();
    const bool is_quarantined = state_.phase == Phase::kQuarantined;
    switch (install.step) {
      case Kind::kHello:
      case Kind::kQueued:
        if (!is_quarantined) move(Phase::kHello, install.detail);
        return;
      case Kind::kHeld:
        state_.boot_is_open = false;  // the boot brought it here, and it waits for a person
        // An install that failed and waits for orders now has still failed.
        if (!is_quarantined && state_.phase != Phase::kFailed) move(Phase::kHello, install.detail);
        return;
      case Kind::kFormatting:
        return work(Phase::kFormatting, install);
      case Kind::kDownloading:
        return work(Phase::kDownloading, install);
      case Kind::kVerifying:
        return work(Phase::kVerifying, install);
      case Kind::kBooting:
        if (!is_quarantined) move(Phase::kBooting, install.detail);
        return;
      case Kind::kInstalled:
        state_.failed_boots = 0;
        state_.boot_is_open = false;  // some installers begin a new boot now
        return move(Phase::kBooting, install.detail);
      case Kind::kFailed:
        return move(Phase::kFailed, install.detail);
      case Kind::kGone:
        if (is_install(state_.phase)) move(Phase::kDown, install.detail);
        return;
    }
  }

  void take(const PowerFact& power) {
    if (power.is_on) {
      heard();  // of the switch, but the node gets as much time as if it had spoken
      if (state_.phase == Phase::kOff) move(Phase::kDhcp);
      return;
    }
    // Whoever cuts a boot short has not seen it fail, and gives the node a new chance.
    state_.failed_boots = 0;
    state_.boot_is_open = false;
    move(Phase::kOff);
  }

  PhaseState state() {
    const auto longest = longest_time(state_.phase, rules_);
    state_.stuck = longest && at_ - state_.since > *longest;
    return std::move(state_);
  }

 private:
  /// What comes late of the present boot when that was cut off, or is through: transfers that time out, a lease that is
  /// renewed.
  bool is_over() const {
    switch (state_.phase) {
      case Phase::kPending:
      case Phase::kDhcp:
      case Phase::kLoading:
      case Phase::kBooting:
        return false;
      case Phase::kAgentDown:
      case Phase::kDown:
        return !state_.boot_is_open;
      default:
        return true;
    }
  }

  void take_host_without_agent() {
    heard();
    switch (state_.phase) {
      case Phase::kPending:
      case Phase::kOff:
      case Phase::kUp:
      case Phase::kDown:
        return move(Phase::kAgentDown);
      case Phase::kDhcp:
      case Phase::kLoading:
        return move(Phase::kBooting);  // firmware refuses no connection: a kernel runs
      case Phase::kBooting:
        if (at_ - state_.since > rules_.boot_time) move(Phase::kAgentDown);
        return;
      case Phase::kAgentDown:
      case Phase::kHello:
      case Phase::kFormatting:
      case Phase::kDownloading:
      case Phase::kVerifying:
      case Phase::kFailed:
      case Phase::kQuarantined:
        return;
    }
  }

  void take_stuck(const BootFact& boot) {
    const bool is_over = !is_boot(state_.phase) && state_.phase != Phase::kDown && state_.phase != Phase::kPending;
    if (is_over) return;
    if (state_.boot_is_open) ++state_.failed_boots;
    state_.boot_is_open = false;
    if (is_quarantine()) return quarantine();
    move(Phase::kFailed, boot.detail);
  }

  /// An install is somebody's order, and ends a quarantine.
  void work(Phase phase, const InstallFact& install) {
    state_.failed_boots = 0;
    move(phase, install.detail);
    state_.percent = install.percent;
  }

  bool is_quarantine() const { return rules_.quarantine_after > 0 && state_.failed_boots >= rules_.quarantine_after; }
  void quarantine() {
    move(Phase::kQuarantined,
         concat(state_.failed_boots, state_.failed_boots == 1 ? " boot" : " boots", " in a row came to nothing"));
  }

  void heard() { state_.heard = at_; }

  void move(Phase phase, std::string detail = {}) {
    state_.detail = std::move(detail);
    if (state_.phase == phase) return;
    state_.phase = phase;
    state_.since = at_;
    state_.percent.reset();
  }

  PhaseState state_;
  const WallTime at_;
  const PhaseRules& rules_;
};

}  // namespace

std::string_view to_string(Phase phase) {
  constexpr std::array<std::string_view, kPhaseCount> kNames = {
      "pending",   "off",     "dhcp", "loading",    "hello", "formatting", "downloading",
      "verifying", "booting", "up",   "agent-down", "down",  "failed",     "quarantined"};
  return kNames[static_cast<std::size_t>(phase)];
}

std::optional<std::chrono::milliseconds> longest_time(Phase phase, const PhaseRules& rules) {
  if (is_boot(phase)) return rules.boot_time;
  if (is_install(phase)) return rules.install_time;
  return std::nullopt;
}

PhaseState phase_after(const PhaseState& before, const PhaseFact& fact, WallTime at, const PhaseRules& rules) {
  Step step(before, at, rules);
  std::visit([&step](const auto& each) { step.take(each); }, fact);
  return step.state();
}

}  // namespace piman::manager
