// SPDX-License-Identifier: Apache-2.0
#include "manager/fleet/phase.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "common/text.h"

namespace piman::manager {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Reached = BootFact::Reached;
using Install = InstallFact::Step;

const WallTime kStart{seconds(1'700'000'000)};

constexpr ScrapeFact kAnswered{true, true}, kNoAgent{false, true}, kNobody{false, false};
constexpr PowerFact kOn{true}, kOff{false};

BootFact boot(int number, Reached reached, std::string detail = {}) {
  return {kStart + std::chrono::hours(number), reached, std::move(detail)};
}
InstallFact install(Install step, std::string detail = {}) { return {step, std::nullopt, std::move(detail)}; }

/// A node to which one fact after another happens, a second apart.
class Node {
 public:
  explicit Node(PhaseRules rules = {}) : rules_(rules) { state.since = state.heard = kStart; }
  Node& hears(const PhaseFact& fact, seconds later = seconds(1)) {
    at += later;
    state = phase_after(state, fact, at, rules_);
    return *this;
  }
  std::string phase() const { return std::string(to_string(state.phase)); }

  PhaseState state;
  WallTime at = kStart;

 private:
  const PhaseRules rules_;
};

/// A node in this phase.
Node in(Phase phase, PhaseRules rules = {}) {
  Node node(rules);
  switch (phase) {
    case Phase::kPending:
      break;
    case Phase::kOff:
      node.hears(kOff);
      break;
    case Phase::kDhcp:
      node.hears(boot(1, Reached::kAsked));
      break;
    case Phase::kLoading:
      node.hears(boot(1, Reached::kLoading));
      break;
    case Phase::kHello:
      node.hears(boot(1, Reached::kKernel)).hears(install(Install::kHello));
      break;
    case Phase::kFormatting:
      node.hears(boot(1, Reached::kKernel)).hears(install(Install::kFormatting));
      break;
    case Phase::kDownloading:
      node.hears(boot(1, Reached::kKernel)).hears(install(Install::kDownloading));
      break;
    case Phase::kVerifying:
      node.hears(boot(1, Reached::kKernel)).hears(install(Install::kVerifying));
      break;
    case Phase::kBooting:
      node.hears(boot(1, Reached::kKernel));
      break;
    case Phase::kUp:
      node.hears(boot(1, Reached::kKernel)).hears(kAnswered);
      break;
    case Phase::kAgentDown:
      node.hears(boot(1, Reached::kKernel)).hears(kAnswered).hears(kNoAgent);
      break;
    case Phase::kDown:
      node.hears(boot(1, Reached::kKernel)).hears(kAnswered).hears(kNobody);
      break;
    case Phase::kFailed:
      node.hears(boot(1, Reached::kLoading)).hears(boot(1, Reached::kStuck));
      break;
    case Phase::kQuarantined:
      for (std::uint32_t i = 0; i < rules.quarantine_after; ++i)
        node.hears(boot(-10 + static_cast<int>(i), Reached::kKernel));
      node.hears(boot(1, Reached::kKernel));
      break;
  }
  EXPECT_EQ(node.state.phase, phase);
  return node;
}

std::vector<Phase> all_phases() {
  std::vector<Phase> phases;
  for (std::size_t i = 0; i < kPhaseCount; ++i) phases.push_back(static_cast<Phase>(i));
  return phases;
}

struct Row {
  const char* fact;
  PhaseFact what;
  std::vector<const char*> after;  ///< for each phase in order; "=" is the same one
};

// The whole table. Boot 1 is the one that brought the node into its phase, boot 2 a new one.
TEST(Phase, every_fact_has_a_meaning_in_every_phase) {
  const std::vector<Row> rows = {
      // pending, off, dhcp, loading, hello, formatting, downloading, verifying, booting, up, agent-down, down, failed,
      // quarantined
      {"the agent answers",
       kAnswered,
       {"up", "up", "up", "up", "up", "up", "up", "up", "up", "=", "up", "up", "up", "up"}},
      {"the host answers",
       kNoAgent,
       {"agent-down", "agent-down", "booting", "booting", "=", "=", "=", "=", "=", "agent-down", "=", "agent-down", "=",
        "="}},
      {"nobody answers", kNobody, {"down", "=", "=", "=", "=", "=", "=", "=", "=", "down", "down", "=", "=", "="}},
      {"the same boot asks",
       boot(1, Reached::kAsked),
       {"dhcp", "dhcp", "=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="}},
      {"the same boot loads",
       boot(1, Reached::kLoading),
       {"loading", "loading", "loading", "=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="}},
      {"the same boot has a kernel",
       boot(1, Reached::kKernel),
       {"booting", "booting", "booting", "booting", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="}},
      {"the same boot's system asks",
       boot(1, Reached::kSystem),
       {"booting", "booting", "booting", "booting", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="}},
      {"the same boot is silent",
       boot(1, Reached::kStuck),
       {"=", "=", "failed", "failed", "=", "=", "=", "=", "failed", "=", "=", "failed", "=", "="}},
      {"a boot asks",
       boot(2, Reached::kAsked),
       {"dhcp", "dhcp", "=", "dhcp", "dhcp", "dhcp", "dhcp", "dhcp", "dhcp", "dhcp", "dhcp", "dhcp", "dhcp", "="}},
      {"a boot loads",
       boot(2, Reached::kLoading),
       {"loading", "loading", "loading", "=", "loading", "loading", "loading", "loading", "loading", "loading",
        "loading", "loading", "loading", "="}},
      {"a boot has a kernel",
       boot(2, Reached::kKernel),
       {"booting", "booting", "booting", "booting", "booting", "booting", "booting", "booting", "=", "booting",
        "booting", "booting", "booting", "="}},
      {"an unknown boot is silent",
       boot(2, Reached::kStuck),
       {"=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="}},
      {"an old boot asks",
       boot(-20, Reached::kAsked),
       {"dhcp", "dhcp", "=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="}},
      {"hello",
       install(Install::kHello),
       {"hello", "hello", "hello", "hello", "=", "hello", "hello", "hello", "hello", "hello", "hello", "hello", "hello",
        "="}},
      {"held",
       install(Install::kHeld),
       {"hello", "hello", "hello", "hello", "=", "hello", "hello", "hello", "hello", "hello", "hello", "hello", "=",
        "="}},
      {"queued",
       install(Install::kQueued),
       {"hello", "hello", "hello", "hello", "=", "hello", "hello", "hello", "hello", "hello", "hello", "hello", "hello",
        "="}},
      {"formatting", install(Install::kFormatting), std::vector<const char*>(kPhaseCount, "formatting")},
      {"downloading", install(Install::kDownloading), std::vector<const char*>(kPhaseCount, "downloading")},
      {"verifying", install(Install::kVerifying), std::vector<const char*>(kPhaseCount, "verifying")},
      {"told to boot",
       install(Install::kBooting),
       {"booting", "booting", "booting", "booting", "booting", "booting", "booting", "booting", "=", "booting",
        "booting", "booting", "booting", "="}},
      {"installed", install(Install::kInstalled), std::vector<const char*>(kPhaseCount, "booting")},
      {"install failed", install(Install::kFailed), std::vector<const char*>(kPhaseCount, "failed")},
      {"the installer is gone",
       install(Install::kGone),
       {"=", "=", "=", "=", "down", "down", "down", "down", "=", "=", "=", "=", "=", "="}},
      {"power off", kOff, std::vector<const char*>(kPhaseCount, "off")},
      {"power on", kOn, {"=", "dhcp", "=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="}},
  };
  for (const Row& row : rows) {
    ASSERT_EQ(row.after.size(), kPhaseCount) << row.fact;
    for (const Phase phase : all_phases()) {
      const char* const expected = row.after[static_cast<std::size_t>(phase)];
      Node node = in(phase);
      const WallTime since = node.state.since;
      node.hears(row.what);
      const std::string_view same = to_string(phase);
      EXPECT_EQ(node.phase(), std::string_view(expected) == "=" ? same : expected) << row.fact << ", in " << same;
      EXPECT_EQ(node.state.since, node.phase() == same ? since : node.at) << row.fact << ", in " << same;
    }
  }
}

TEST(Phase, every_phase_can_be_reached_and_left) {
  std::vector<PhaseFact> facts = {kAnswered, kNoAgent, kNobody, kOn, kOff};
  for (int i = 0; i <= static_cast<int>(Install::kGone); ++i) facts.emplace_back(install(static_cast<Install>(i)));
  PhaseRules rules;
  rules.quarantine_after = 2;
  // Breadth first over phases, each by the first state that was found in it; boots are numbered as they come.
  for (const Phase from : all_phases()) {
    std::set<Phase> reached;
    std::deque<std::pair<Node, int>> open = {{in(from, rules), 10}};
    std::set<std::tuple<Phase, std::uint32_t, bool>> seen;
    while (!open.empty()) {
      const auto [node, boots] = open.front();
      open.pop_front();
      auto next = facts;
      for (int i = 0; i <= static_cast<int>(Reached::kStuck); ++i) {
        next.emplace_back(boot(boots, static_cast<Reached>(i)));
        next.emplace_back(boot(boots + 1, static_cast<Reached>(i)));
      }
      for (const PhaseFact& fact : next) {
        Node moved(rules);
        moved.state = node.state;
        moved.at = node.at;
        moved.hears(fact);
        if (moved.state.phase != from) reached.insert(moved.state.phase);
        const auto failed = std::min(moved.state.failed_boots, rules.quarantine_after);
        if (seen.insert({moved.state.phase, failed, moved.state.boot_is_open}).second)
          open.emplace_back(moved, boots + 1);
      }
    }
    // All others, but for the one that a node only begins in.
    EXPECT_EQ(reached.size(), from == Phase::kPending ? kPhaseCount - 1 : kPhaseCount - 2) << to_string(from);
  }
}

TEST(Phase, words) {
  std::set<std::string_view> words;
  for (const Phase phase : all_phases()) words.insert(to_string(phase));
  EXPECT_EQ(words.size(), kPhaseCount);
  EXPECT_EQ(to_string(Phase::kAgentDown), "agent-down");
}

TEST(Phase, a_bare_node_becomes_a_running_one) {
  Node node;
  std::vector<std::string> phases;
  const auto hears = [&](const PhaseFact& fact) {
    node.hears(fact);
    if (phases.empty() || phases.back() != node.phase()) phases.push_back(node.phase());
  };
  hears(kNobody);
  hears(kOff);
  hears(kOn);
  hears(boot(1, Reached::kAsked));
  hears(boot(1, Reached::kLoading, "start4.elf, on its way"));
  EXPECT_EQ(node.state.detail, "start4.elf, on its way");
  hears(boot(1, Reached::kKernel));
  hears(kNobody);
  hears(boot(1, Reached::kSystem));  // of the installer
  hears(install(Install::kHello));
  hears(kNoAgent);
  hears(install(Install::kFormatting));
  hears(InstallFact{Install::kDownloading, 10U, {}});
  hears(InstallFact{Install::kDownloading, 48U, {}});
  EXPECT_EQ(node.state.percent, 48U);
  hears(install(Install::kVerifying));
  EXPECT_EQ(node.state.percent, std::nullopt);
  hears(install(Install::kInstalled));
  hears(install(Install::kGone));
  hears(kNoAgent);
  hears(kAnswered);
  EXPECT_THAT(phases, testing::ElementsAre("down", "off", "dhcp", "loading", "booting", "hello", "formatting",
                                           "downloading", "verifying", "booting", "up"));
  EXPECT_EQ(node.state.failed_boots, 0U);
  EXPECT_EQ(node.state.detail, "");
}

TEST(Phase, boots_in_a_row_that_come_to_nothing_end_in_quarantine) {
  PhaseRules rules;
  rules.quarantine_after = 3;
  Node node(rules);
  node.hears(boot(1, Reached::kSystem));  // it never shows an agent, and begins anew
  node.hears(boot(2, Reached::kLoading)).hears(boot(2, Reached::kStuck, "kernel8.img, block 7"));
  EXPECT_EQ(node.phase(), "failed");
  EXPECT_EQ(node.state.detail, "kernel8.img, block 7");
  EXPECT_EQ(node.state.failed_boots, 2U);
  node.hears(boot(3, Reached::kAsked));  // the stuck one is not counted twice
  EXPECT_EQ(node.state.failed_boots, 2U);
  EXPECT_EQ(node.phase(), "dhcp");
  node.hears(boot(4, Reached::kAsked));
  EXPECT_EQ(node.phase(), "quarantined");
  EXPECT_EQ(node.state.detail, "3 boots in a row came to nothing");
  node.hears(boot(4, Reached::kKernel)).hears(boot(5, Reached::kKernel)).hears(install(Install::kHello));
  EXPECT_EQ(node.phase(), "quarantined");
  EXPECT_EQ(node.state.detail, "4 boots in a row came to nothing");

  Node well = node, ordered = node, installed = node;
  well.hears(kAnswered).hears(boot(6, Reached::kAsked));
  EXPECT_EQ(well.phase(), "dhcp");
  EXPECT_EQ(well.state.failed_boots, 0U);
  ordered.hears(kOff).hears(kOn).hears(boot(6, Reached::kKernel));
  EXPECT_EQ(ordered.phase(), "booting");
  installed.hears(install(Install::kFormatting)).hears(install(Install::kInstalled)).hears(boot(6, Reached::kKernel));
  EXPECT_EQ(installed.phase(), "booting");
  EXPECT_EQ(installed.state.failed_boots, 0U);
}

TEST(Phase, quarantine_can_be_left_out) {
  PhaseRules rules;
  rules.quarantine_after = 0;
  Node node(rules);
  for (int i = 0; i < 50; ++i) node.hears(boot(i, Reached::kAsked));
  EXPECT_EQ(node.phase(), "dhcp");
  EXPECT_EQ(node.state.failed_boots, 49U);
}

TEST(Phase, what_waits_for_orders_has_not_failed) {
  Node node;
  for (int i = 0; i < 20; ++i) node.hears(boot(i, Reached::kKernel)).hears(install(Install::kHeld, "no_order"));
  EXPECT_EQ(node.phase(), "hello");
  EXPECT_EQ(node.state.failed_boots, 0U);
  EXPECT_EQ(node.state.detail, "no_order");
}

TEST(Phase, a_failed_install_stays_failed_while_its_node_waits) {
  Node node = in(Phase::kDownloading);
  node.hears(install(Install::kFailed, "failed in download: no more bytes")).hears(install(Install::kHeld, "no_order"));
  EXPECT_EQ(node.phase(), "failed");
  EXPECT_EQ(node.state.detail, "failed in download: no more bytes");
  node.hears(install(Install::kQueued)).hears(install(Install::kFormatting));
  EXPECT_EQ(node.phase(), "formatting");
}

TEST(Phase, longer_than_the_rules_allow_is_stuck) {
  for (const Phase phase : all_phases()) {
    const auto longest = longest_time(phase, {});
    Node node = in(phase);
    // A fact that changes no phase.
    const PhaseFact fact = phase == Phase::kOff ? PhaseFact(kNobody) : PhaseFact(kOn);
    node.hears(fact, minutes(29));
    EXPECT_EQ(node.state.stuck, longest.has_value() && *longest < minutes(29)) << to_string(phase);
    node.hears(fact, std::chrono::hours(3));
    EXPECT_EQ(node.state.stuck, longest.has_value()) << to_string(phase);
    node.hears(kOff);
    EXPECT_FALSE(node.state.stuck);
  }
}

TEST(Phase, a_boot_that_is_heard_of_is_stuck_and_a_silent_one_is_down) {
  Node node;
  for (int i = 0; i < 10; ++i) node.hears(boot(1, Reached::kAsked), minutes(1)).hears(kNobody);
  EXPECT_EQ(node.phase(), "dhcp");
  EXPECT_TRUE(node.state.stuck);
  for (int i = 0; i < 6; ++i) node.hears(kNobody, minutes(1));
  EXPECT_EQ(node.phase(), "down");
  node.hears(boot(1, Reached::kLoading));  // the boot goes on nevertheless
  EXPECT_EQ(node.phase(), "loading");

  Node installing = in(Phase::kDownloading);
  for (int i = 0; i < 28; ++i) installing.hears(kNobody, minutes(1));
  EXPECT_EQ(installing.phase(), "downloading");
  for (int i = 0; i < 3; ++i) installing.hears(kNobody, minutes(1));
  EXPECT_EQ(installing.phase(), "down");

  Node agentless = in(Phase::kBooting);
  for (int i = 0; i < 4; ++i) agentless.hears(kNoAgent, minutes(1));
  EXPECT_EQ(agentless.phase(), "booting");
  agentless.hears(kNoAgent, minutes(2));
  EXPECT_EQ(agentless.phase(), "agent-down");
}

TEST(Phase, a_scrape_from_before_says_nothing) {
  Node node = in(Phase::kUp);
  node.hears(kOff, seconds(10));
  node.state = phase_after(node.state, kAnswered, node.at - seconds(3), {});
  EXPECT_EQ(node.phase(), "off");
  // The clock was set back: that is no scrape of long ago.
  node.state = phase_after(node.state, kAnswered, node.at - std::chrono::hours(3), {});
  EXPECT_EQ(node.phase(), "up");
}

}  // namespace
}  // namespace piman::manager
