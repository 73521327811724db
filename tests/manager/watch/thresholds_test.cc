// SPDX-License-Identifier: Apache-2.0
#include "manager/watch/thresholds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "common/text.h"

namespace piman::watch {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Reach = NodeFacts::Reach;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

NodeFacts node(Reach reach) {
  NodeFacts facts;
  facts.reach = reach;
  facts.trouble = "connection refused";
  return facts;
}

struct NumberCase {
  double value, threshold, hysteresis;
  Reading reading;
};

TEST(Observe, AThresholdIsExceededNotReached) {
  const std::vector<NumberCase> cases = {
      {90, 90, 5, Reading::kBetween},  // as in the Python system: > and not >=
      {90.01, 90, 5, Reading::kBad},
      {85.01, 90, 5, Reading::kBetween},
      {85, 90, 5, Reading::kGood},
      {0, 90, 5, Reading::kGood},
      {90, 90, 0, Reading::kGood},  // without hysteresis nothing is between
      {2.5, 4, 5, Reading::kBetween},
      {2, 4, 5, Reading::kGood},  // a hysteresis larger than the threshold: half of the
                                  // threshold
      {kNan, 90, 5, Reading::kGood},
      {kInfinity, 90, 5, Reading::kGood},
      {-1, 90, 5, Reading::kGood},
  };
  for (const NumberCase& each : cases) {
    NodeFacts facts = node(Reach::kUp);
    facts.cpu_percent = each.value;
    const Rule rule{true, each.threshold, each.hysteresis, milliseconds(0)};
    EXPECT_EQ(observe(Condition::kCpu, facts, rule).reading, each.reading)
        << each.value << " against " << each.threshold << " - " << each.hysteresis;
  }
}

/// One value for each condition that has one.
void set_value(NodeFacts& facts, Condition condition, double value) {
  switch (condition) {
    case Condition::kFilesystemFull:
      facts.fullest_percent = value;
      facts.fullest_mountpoint = "/data";
      break;
    case Condition::kBootLoop:
      facts.boots = value;
      break;
    case Condition::kTemperature:
      facts.temperature_celsius = value;
      break;
    case Condition::kCpu:
      facts.cpu_percent = value;
      break;
    case Condition::kMemory:
      facts.memory_percent = value;
      break;
    case Condition::kDisk:
      facts.disk_percent = value;
      break;
    case Condition::kPids:
      facts.processes = value;
      break;
    case Condition::kClockSkew:
      facts.clock_offset_seconds = value;
      break;
    case Condition::kRootReadOnly:
      facts.root_read_only = value > 0;
      break;
    case Condition::kUnderVoltage:
      facts.under_voltage = value > 0;
      break;
    case Condition::kThrottled:
      facts.throttled = value > 0;
      break;
    case Condition::kNodeDown:
      facts.reach = value > 0 ? Reach::kDown : Reach::kUp;
      break;
    case Condition::kAgentDown:
      facts.reach = value > 0 ? Reach::kAgentDown : Reach::kUp;
      break;
    case Condition::kWatchdog:
      break;
  }
}

TEST(Observe, EachConditionReadsItsOwnFact) {
  for (std::size_t i = 0; i < kNodeConditionCount; ++i) {
    NodeFacts facts = node(Reach::kUp);
    set_value(facts, condition_at(i), 1e6);
    for (std::size_t j = 0; j < kNodeConditionCount; ++j) {
      const Rule rule = default_rules()[j];
      const bool is_up = facts.reach == Reach::kUp;
      const Reading other =
          is_up || j < 2 || condition_at(j) == Condition::kBootLoop ? Reading::kGood : Reading::kUnknown;
      EXPECT_EQ(observe(condition_at(j), facts, rule).reading, i == j ? Reading::kBad : other)
          << to_string(condition_at(i)) << " seen by " << to_string(condition_at(j));
    }
  }
}

TEST(Observe, WhatIsNotSaidFiresNothing) {
  for (std::size_t i = 0; i < kNodeConditionCount; ++i) {
    EXPECT_EQ(observe(condition_at(i), node(Reach::kUp), default_rules()[i]).reading, Reading::kGood)
        << to_string(condition_at(i));
  }
}

TEST(Observe, ANodeThatIsNotUpSaysNothingOfItsLoad) {
  for (const Reach reach : {Reach::kUnknown, Reach::kAgentDown, Reach::kDown}) {
    NodeFacts facts = node(reach);
    set_value(facts, Condition::kTemperature, 99);
    EXPECT_EQ(observe(Condition::kTemperature, facts, default_rules()[index_of(Condition::kTemperature)]).reading,
              Reading::kUnknown);
  }
  EXPECT_EQ(observe(Condition::kNodeDown, node(Reach::kUnknown), Rule{}).reading, Reading::kUnknown);
  EXPECT_EQ(observe(Condition::kAgentDown, node(Reach::kUnknown), Rule{}).reading, Reading::kUnknown);
}

TEST(Observe, ABootLoopShowsWhileTheNodeBoots) {
  NodeFacts facts = node(Reach::kUnknown);
  facts.boots = 3;
  EXPECT_EQ(observe(Condition::kBootLoop, facts, Rule{true, 2, 0, {}}).reading, Reading::kBad);
  facts.boots = 2;
  EXPECT_EQ(observe(Condition::kBootLoop, facts, Rule{true, 2, 0, {}}).reading, Reading::kGood);
}

TEST(Observe, DetailsAreWordsForPeople) {
  EXPECT_EQ(observe(Condition::kNodeDown, node(Reach::kDown), Rule{}).detail, "connection refused");
  NodeFacts facts = node(Reach::kUp);
  facts.fullest_percent = 99;
  facts.fullest_mountpoint = "/boot/firmware";
  EXPECT_EQ(observe(Condition::kFilesystemFull, facts, Rule{true, 95, 2, {}}).detail, "/boot/firmware");
  facts.clock_offset_seconds = -7;
  EXPECT_EQ(observe(Condition::kClockSkew, facts, Rule{true, 2, 0, {}}).detail, "behind");
  EXPECT_EQ(observe(Condition::kClockSkew, facts, Rule{true, 2, 0, {}}).value, 7);
  facts.clock_offset_seconds = 7;
  EXPECT_EQ(observe(Condition::kClockSkew, facts, Rule{true, 2, 0, {}}).detail, "ahead");
}

TEST(Observe, ARuleThatIsOffFiresNothing) {
  NodeFacts facts = node(Reach::kDown);
  facts.boots = 100;
  for (std::size_t i = 0; i < kConditionCount; ++i) {
    EXPECT_EQ(observe(condition_at(i), facts, Rule{false, 1, 0, {}}).reading, Reading::kGood);
  }
}

/// Readings a second apart, and the states after them: o pending -> p, firing -> F, resolved -> r, ok -> o.
struct MachineCase {
  const char* what;
  const char* readings;  ///< B bad, g good, ~ between, ? unknown
  seconds hold, resolve_after;
  const char* states;
};

TEST(Advance, TheStateMachine) {
  const std::vector<MachineCase> cases = {
      {"at once", "B", seconds(0), seconds(0), "F"},
      {"held for three seconds, counted from the first bad look", "BBBB", seconds(3), seconds(0), "pppF"},
      {"a good look begins the time anew", "BBgBBBB", seconds(3), seconds(0), "ppopppF"},
      {"so does one between the thresholds", "BB~BBBB", seconds(3), seconds(0), "ppopppF"},
      {"and one that says nothing", "BB?BBBB", seconds(3), seconds(0), "ppopppF"},
      {"it ends at the first good look", "Bg", seconds(0), seconds(0), "Fr"},
      {"or when it was good for long enough", "Bgggg", seconds(0), seconds(3), "FFFFr"},
      {"a bad look in between begins that anew", "BggBgggg", seconds(0), seconds(3), "FFFFFFFr"},
      {"hysteresis: between it fires on", "B~~g", seconds(0), seconds(0), "FFFr"},
      {"and between is not good", "Bgg~gggg", seconds(0), seconds(3), "FFFFFFFr"},
      {"an unknown look ends nothing", "B????g", seconds(0), seconds(0), "FFFFFr"},
      {"and is no proof that it was good before", "Bgg?gggg", seconds(0), seconds(3), "FFFFFFFr"},
      {"it may fire again", "BgB", seconds(0), seconds(0), "FrF"},
      {"after its time", "BBgBB", seconds(1), seconds(0), "pFrpF"},
      {"what was resolved stays so", "Bggg~?", seconds(0), seconds(0), "Frrrrr"},
      {"a pending one that was resolved before is well, not resolved", "BBgBg", seconds(1), seconds(0), "pFrpo"},
      {"good things are no alert", "gg~?", seconds(0), seconds(0), "oooo"},
  };
  const std::string letters = "opFr";
  for (const MachineCase& each : cases) {
    ConditionState state;
    SteadyTime now{seconds(1000)};
    std::string states;
    for (const char letter : std::string(each.readings)) {
      const Reading reading = letter == 'B'   ? Reading::kBad
                              : letter == 'g' ? Reading::kGood
                              : letter == '~' ? Reading::kBetween
                                              : Reading::kUnknown;
      const AlertState before = state.state;
      const Turn turn = advance(state, reading, Rule{true, 0, 0, each.hold}, each.resolve_after, now);
      states.push_back(letters[static_cast<std::size_t>(state.state)]);
      // What is told of the turn is what happened.
      EXPECT_EQ(turn == Turn::kFired, before != AlertState::kFiring && state.state == AlertState::kFiring) << each.what;
      EXPECT_EQ(turn == Turn::kResolved, before == AlertState::kFiring && state.state == AlertState::kResolved);
      EXPECT_EQ(turn == Turn::kBegan, before != AlertState::kPending && state.state == AlertState::kPending);
      now += seconds(1);
    }
    EXPECT_EQ(states, each.states) << each.what << ": " << each.readings;
  }
}

TEST(Advance, OnlyWhatTimeMayChangeHasATimer) {
  ConditionState state;
  EXPECT_FALSE(state.has_timer());
  const Rule rule{true, 0, 0, seconds(1)};
  const auto look = [&](Reading reading, int second) {
    static_cast<void>(advance(state, reading, rule, seconds(5), SteadyTime(seconds(second))));
    return state.has_timer();
  };
  EXPECT_TRUE(look(Reading::kBad, 1));    // pending
  EXPECT_FALSE(look(Reading::kBad, 2));   // firing
  EXPECT_TRUE(look(Reading::kGood, 3));   // it may end
  EXPECT_FALSE(look(Reading::kGood, 8));  // resolved
}

TEST(NewBoot, SmallDifferencesAreTheSameBoot) {
  const WallTime last{seconds(1'700'000'000)};
  EXPECT_FALSE(is_new_boot(last, last));
  EXPECT_FALSE(is_new_boot(last, last + seconds(30)));
  EXPECT_FALSE(is_new_boot(last, last - seconds(500)));
  EXPECT_TRUE(is_new_boot(last, last + seconds(31)));
}

TEST(Conditions, EveryWordIsItsOwn) {
  for (std::size_t i = 0; i < kConditionCount; ++i) {
    const ConditionWords& words = words_of(condition_at(i));
    EXPECT_EQ(words.condition, condition_at(i)) << "the table is in the order of the list";
    EXPECT_EQ(parse_condition(words.word), condition_at(i));
    EXPECT_FALSE(words.alert.empty() || words.state.empty());
  }
  EXPECT_FALSE(parse_condition("nothing"));
  EXPECT_FALSE(parse_condition(""));
}

TEST(Conditions, ValuesAreShownWithAsManyDigitsAsOneReads) {
  EXPECT_EQ(show_value(Unit::kPercent, 93.5432), "93.5 %");
  EXPECT_EQ(show_value(Unit::kCelsius, 81), "81 C");
  EXPECT_EQ(show_value(Unit::kSeconds, 0.0421), "0.042 s");
  EXPECT_EQ(show_value(Unit::kSeconds, 12.34), "12.3 s");
  EXPECT_EQ(show_value(Unit::kProcesses, 1204), "1204 processes");
  EXPECT_EQ(show_value(Unit::kBoots, 3), "3 starts");
  EXPECT_EQ(show_value(Unit::kNone, 1), "");
}

TEST(Rules, OverridesOfANodeInTheirOrder) {
  WatchConfig config;
  const std::size_t cpu = index_of(Condition::kCpu);
  config.rules[cpu] = {true, 90, 5, seconds(60)};
  config.overrides = {{{"pi1", "pi2"}, {{Condition::kCpu, std::nullopt, 50, std::nullopt, std::nullopt}}},
                      {{"pi2"}, {{Condition::kCpu, std::nullopt, 70, 1, seconds(5)}}},
                      {{"pi3"}, {{Condition::kCpu, false, std::nullopt, std::nullopt, std::nullopt}}}};
  EXPECT_EQ(rules_for(config, "pi1")[cpu], (Rule{true, 50, 5, seconds(60)}));
  EXPECT_EQ(rules_for(config, "pi2")[cpu], (Rule{true, 70, 1, seconds(5)}));
  EXPECT_FALSE(rules_for(config, "pi3")[cpu].enabled);
  EXPECT_EQ(rules_for(config, "pi4")[cpu], config.rules[cpu]);
  EXPECT_EQ(rules_for(config, "pi1")[index_of(Condition::kDisk)], config.rules[index_of(Condition::kDisk)]);
}

}  // namespace
}  // namespace piman::watch
