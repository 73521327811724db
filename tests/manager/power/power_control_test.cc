// SPDX-License-Identifier: Apache-2.0
#include "manager/power/power_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <set>

#include "tests/support/fake_power_switch.h"

namespace piman::power {
namespace {

using std::chrono::milliseconds;
using test::FakePowerSwitch;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

struct Host final : PowerHost {
  Result<void> check_intent(std::uint64_t intent, const std::string&) override {
    if (intent != 7) return fail("intent has expired");
    return {};
  }
  bool is_installing(const std::string& node) override { return node == "busy"; }
  void journal(const std::string& node, const std::string& text, const JournalData& of) override {
    const std::lock_guard lock(mutex);
    lines.push_back(node + ": " + text);
    data.push_back(of);
  }
  void switched(const std::string& node, bool on) override {
    const std::lock_guard lock(mutex);
    changes.push_back(node + (on ? " on" : " off"));
  }
  std::vector<std::string> said() {
    const std::lock_guard lock(mutex);
    return lines;
  }
  std::mutex mutex;
  std::vector<std::string> lines, changes;
  std::vector<JournalData> data;
};

struct Bench {
  explicit Bench(bool armed = true, milliseconds off_time = milliseconds(50)) {
    PowerConfig config;
    config.armed = armed;
    config.off_time = off_time;
    SwitchConfig rack;
    rack.name = "rack";
    rack.ports = {{"pi1", 1}, {"pi2", 2}, {"busy", 3}};
    config.switches = {rack};
    PowerControl::Switches switches;
    auto made = std::make_unique<FakePowerSwitch>();
    fake = made.get();
    switches.emplace("rack", std::move(made));
    control = std::make_unique<PowerControl>(config, std::move(switches), host, actions);
  }
  PowerOutcome wait_for(const PowerOrder& order) {
    std::promise<PowerOutcome> promise;
    const auto taken = control->order(order, [&](const PowerOutcome& outcome) { promise.set_value(outcome); });
    EXPECT_TRUE(taken) << taken.error().message;
    if (!taken) return {};
    return promise.get_future().get();
  }

  Host host;
  manager::Actions actions;
  FakePowerSwitch* fake = nullptr;
  std::unique_ptr<PowerControl> control;
};

PowerOrder order_of(const std::string& node, std::uint64_t intent = 7) {
  return {intent, node, PowerAction::kCycle, "ann", "it hangs", false};
}

TEST(PowerControl, a_cycle_is_off_and_on_and_journalled) {
  Bench bench;
  const PowerOutcome outcome = bench.wait_for(order_of("pi1"));
  EXPECT_TRUE(outcome.worked) << outcome.text;
  EXPECT_THAT(bench.fake->asked(), ElementsAre("1 off", "1 on"));
  EXPECT_THAT(bench.host.said(),
              Contains(HasSubstr("by \"ann\", intent 7, because \"it hangs\": done: port 1 of rack")));
  EXPECT_THAT(bench.host.changes, ElementsAre("pi1 off", "pi1 on"));
  const JournalData taken{{"step", "taken"},   {"action", "cycle"}, {"order", "7"}, {"who", "ann"},
                          {"why", "it hangs"}, {"switch", "rack"},  {"port", "1"}};
  EXPECT_EQ(bench.host.data.front(), taken);
  EXPECT_THAT(bench.host.data.back(), Contains(Pair("step", "ended")));
  EXPECT_THAT(bench.host.data.back(), Contains(Pair("result", "done")));
}

TEST(PowerControl, nothing_is_switched_without_a_valid_intent) {
  Bench bench;
  for (const std::uint64_t intent : {0U, 8U}) EXPECT_FALSE(bench.control->order(order_of("pi1", intent), {}));
  EXPECT_FALSE(bench.control->order(order_of("busy"), {}));
  EXPECT_FALSE(bench.control->order(order_of("stranger"), {}));
  bench.control.reset();
  EXPECT_THAT(bench.host.said(), ::testing::SizeIs(3)) << "refusals are journalled, but for those that are to wait";
}

TEST(PowerControl, dry_run_switches_nothing) {
  Bench bench(false);
  const PowerOutcome outcome = bench.wait_for(order_of("pi1"));
  EXPECT_TRUE(outcome.dry_run);
  EXPECT_THAT(outcome.text, HasSubstr("would be switched"));
  EXPECT_THAT(bench.fake->asked(), IsEmpty());
  EXPECT_THAT(bench.host.changes, IsEmpty());
  EXPECT_THAT(bench.host.data.back(), Contains(Pair("result", "dry_run")));
}

TEST(PowerControl, a_lie_is_told) {
  Bench bench;
  bench.fake->lie(true);
  const PowerOutcome outcome = bench.wait_for(order_of("pi1"));
  EXPECT_FALSE(outcome.worked);
  EXPECT_THAT(outcome.text, HasSubstr("acknowledged it and did not do it"));
  EXPECT_THAT(bench.host.changes, ElementsAre("pi1 on")) << "it never was off";
}

TEST(PowerControl, a_node_that_does_not_go_on_is_tried_again_and_told) {
  Bench bench;
  bench.fake->fail_set(1, true);
  const PowerOutcome outcome = bench.wait_for(order_of("pi1"));
  EXPECT_FALSE(outcome.worked);
  EXPECT_THAT(bench.fake->asked(), ElementsAre("1 off", "1 on", "1 on", "1 on"));
}

TEST(PowerControl, the_end_of_the_manager_leaves_no_node_off) {
  Bench bench(true, milliseconds(60'000));
  ASSERT_TRUE(bench.control->order(order_of("pi1"), {}));
  for (int i = 0; i < 200 && bench.fake->asked().empty(); ++i) std::this_thread::sleep_for(milliseconds(10));
  ASSERT_THAT(bench.fake->asked(), ElementsAre("1 off"));
  const auto began = std::chrono::steady_clock::now();
  // The fake goes with the control: the journal has what was asked of it.
  bench.control.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(2000));
  EXPECT_THAT(bench.host.said(), Contains(HasSubstr("port 1 of rack was asked to go on again")));
}

}  // namespace
}  // namespace piman::power
