// SPDX-License-Identifier: Apache-2.0
#include "manager/watch/alert_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/text.h"

namespace piman::watch {
namespace {

using manager::AlertRecord;
using manager::NoticeRecord;
using manager::SilenceRecord;
using manager::WatchChanges;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Kind = NoticeRecord::Kind;
using Reach = NodeFacts::Reach;

const WallTime kStart{seconds(1'700'000'000)};

/// The tables of the store, as rows that come and go.
struct Rows {
  std::map<std::pair<std::string, std::string>, AlertRecord> alerts;
  std::map<std::uint64_t, NoticeRecord> notices;
  std::map<std::uint64_t, SilenceRecord> silences;
  std::set<std::pair<std::string, std::int64_t>> boots;

  void apply(const WatchChanges& out) {
    for (const auto& each : out.alerts) alerts[{each.node, each.condition}] = each;
    for (const auto& each : out.notices) notices[each.id] = each;
    for (const auto& each : out.silences) silences[each.id] = each;
    for (const auto& each : out.boots) boots.insert({each.node, each.at_ms});
    for (const auto& each : out.gone_alerts) alerts.erase(each);
    for (const auto& each : out.gone_notices) notices.erase(each);
    for (const auto& each : out.gone_silences) silences.erase(each);
    for (const auto& each : out.gone_boots) boots.erase({each.node, each.at_ms});
  }
  WatchChanges all() const {
    WatchChanges out;
    for (const auto& [key, each] : alerts) out.alerts.push_back(each);
    for (const auto& [key, each] : notices) out.notices.push_back(each);
    for (const auto& [key, each] : silences) out.silences.push_back(each);
    for (const auto& [node, at] : boots) out.boots.push_back({node, at});
    return out;
  }
};

/// A book that looks once a second at one or more nodes, and can die and be read again.
class AlertBookTest : public ::testing::Test {
 protected:
  AlertBookTest() {
    for (Rule& rule : config.rules) rule.hold = seconds(0);
    config.rules[index_of(Condition::kTemperature)] = {true, 80, 5, seconds(10)};
    config.resolve_after = seconds(5);
    book.emplace(config, 1U);
  }

  Moment now() const { return {SteadyTime(steady), wall}; }
  void pass(seconds time) {
    steady += time;
    wall += time;
  }
  NodeFacts up(std::optional<double> celsius = 40) const {
    NodeFacts facts;
    facts.reach = Reach::kUp;
    facts.temperature_celsius = celsius;
    return facts;
  }
  NodeFacts down(std::string why = "no answer") const {
    NodeFacts facts;
    facts.reach = Reach::kDown;
    facts.trouble = std::move(why);
    return facts;
  }
  /// One look; its notices are also left in `told`.
  void look(const std::string& node, const NodeFacts& facts, std::optional<WallTime> booted = {}) {
    WatchChanges out;
    book->observe(node, facts, booted, now(), out);
    finish(out);
  }
  void settle() {
    WatchChanges out;
    finish(out);
  }
  void finish(WatchChanges& out) {
    book->settle(now(), out);
    for (const NoticeRecord& each : out.notices) {
      told.push_back(concat(each.kind == Kind::kFired      ? "+"
                            : each.kind == Kind::kResolved ? "-"
                                                           : "test",
                            each.alert.node, each.alert.node.empty() ? "" : ".", each.alert.condition));
    }
    rows.apply(out);
  }
  void look_for(seconds time, const std::string& node, const NodeFacts& facts) {
    for (seconds i{0}; i < time; ++i) {
      pass(seconds(1));
      look(node, facts);
    }
  }
  void restart(seconds later = seconds(3)) {
    pass(later);
    steady = seconds(50);  // another boot of the manager's machine
    const WatchChanges stored = rows.all();
    book.emplace(config, 1U);
    book->restore(stored);
  }
  std::uint64_t silence(const std::string& nodes, const std::string& conditions, seconds time) {
    SilenceRecord wanted;
    wanted.nodes = nodes;
    wanted.conditions = conditions;
    wanted.expires_ms = to_ms(wall + time);
    WatchChanges out;
    const auto added = book->add_silence(wanted, out);
    rows.apply(out);
    return added ? added->id : 0;
  }
  std::string states() const {
    std::string text;
    for (const AlertView& view : book->alerts(wall)) {
      text += concat(text.empty() ? "" : " ", view.alert.node, ".", view.alert.condition, "=", to_string(view.state),
                     view.silenced ? "(silenced)" : "");
    }
    return text;
  }

  WatchConfig config;
  std::optional<AlertBook> book;
  Rows rows;
  std::vector<std::string> told;
  seconds steady{1'000'000};
  WallTime wall = kStart;
};

TEST_F(AlertBookTest, AnAlertIsToldOnceWhenItBeginsAndOnceWhenItIsOver) {
  look("pi1", up(85));
  EXPECT_EQ(states(), "pi1.temperature=pending");
  EXPECT_THAT(rows.alerts, IsEmpty()) << "what is pending is no row: an SD card wears out";
  look_for(seconds(9), "pi1", up(85));
  EXPECT_THAT(told, IsEmpty());
  look_for(seconds(30), "pi1", up(85));
  EXPECT_THAT(told, ElementsAre("+pi1.temperature"));
  look_for(seconds(4), "pi1", up(60));
  EXPECT_EQ(states(), "pi1.temperature=firing");
  look_for(seconds(30), "pi1", up(60));
  EXPECT_THAT(told, ElementsAre("+pi1.temperature", "-pi1.temperature"));
  EXPECT_EQ(states(), "pi1.temperature=resolved");
  ASSERT_THAT(rows.alerts, SizeIs(1));
  const AlertRecord& row = rows.alerts.begin()->second;
  EXPECT_EQ(row.since_ms, to_ms(kStart));
  EXPECT_EQ(row.fired_ms, to_ms(kStart + seconds(10)));
  EXPECT_EQ(row.ended_ms, to_ms(kStart + seconds(40))) << "when it was gone, not when that was believed";
  pass(seconds(3700));
  settle();
  EXPECT_EQ(states(), "");
  EXPECT_THAT(rows.alerts, IsEmpty());
}

TEST_F(AlertBookTest, BetweenTheThresholdsItFiresOn) {
  look_for(seconds(20), "pi1", up(85));
  look_for(seconds(100), "pi1", up(76));
  EXPECT_EQ(states(), "pi1.temperature=firing");
  look_for(seconds(6), "pi1", up(75));
  EXPECT_EQ(states(), "pi1.temperature=resolved");
}

TEST_F(AlertBookTest, APeakIsNoAlert) {
  look_for(seconds(5), "pi1", up(85));
  look_for(seconds(1), "pi1", up(80));  // at the threshold, not above it
  look_for(seconds(9), "pi1", up(85));
  EXPECT_EQ(states(), "pi1.temperature=pending");
  look_for(seconds(1), "pi1", up(50));
  EXPECT_EQ(states(), "");
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(AlertBookTest, NothingIsRepeatedOrLostAcrossARestart) {
  look_for(seconds(20), "pi1", up(85));
  look("pi2", down());
  EXPECT_THAT(told, ElementsAre("+pi1.temperature", "+pi2.node_down"));
  for (int i = 0; i < 3; ++i) {
    restart();
    look("pi1", up(85));
    look("pi2", down());
    EXPECT_EQ(states(), "pi2.node_down=firing pi1.temperature=firing");
    EXPECT_THAT(told, SizeIs(2)) << "told again after a restart";
  }
  restart();
  look_for(seconds(7), "pi1", up(50));
  look_for(seconds(7), "pi2", up());
  EXPECT_THAT(told, ElementsAre("+pi1.temperature", "+pi2.node_down", "-pi1.temperature", "-pi2.node_down"));
  restart();
  EXPECT_EQ(states(), "pi2.node_down=resolved pi1.temperature=resolved") << "shown for an hour, restart or not";
}

TEST_F(AlertBookTest, WhatEndedWhileTheManagerWasDeadIsToldAsOver) {
  look("pi2", down());
  restart(seconds(600));
  look_for(seconds(7), "pi2", up());
  EXPECT_THAT(told, ElementsAre("+pi2.node_down", "-pi2.node_down"));
}

TEST_F(AlertBookTest, IdsOfNoticesGoOnAfterARestart) {
  look("pi1", down());
  look("pi2", down());
  ASSERT_THAT(rows.notices, SizeIs(2));
  restart();
  look("pi3", down());
  EXPECT_THAT(rows.notices, SizeIs(3)) << "an id was given twice";
}

TEST_F(AlertBookTest, AWatchThatTellsNobodyOwesNothing) {
  book.emplace(config, 0U);
  look("pi1", down());
  EXPECT_EQ(states(), "pi1.node_down=firing");
  EXPECT_THAT(rows.notices, IsEmpty());
  look_for(seconds(10), "pi1", up());
  EXPECT_THAT(rows.notices, IsEmpty());
}

TEST_F(AlertBookTest, ASilenceHoldsBackAndTellsWhenItIsOver) {
  const std::uint64_t id = silence("pi1 pi2", "", seconds(60));
  look("pi1", down());
  look("pi3", down());
  EXPECT_THAT(told, ElementsAre("+pi3.node_down"));
  EXPECT_EQ(states(), "pi1.node_down=firing(silenced) pi3.node_down=firing");
  restart();
  EXPECT_THAT(book->silences(), SizeIs(1)) << "it survives";
  EXPECT_EQ(book->silences().front().id, id);
  look("pi1", down());
  EXPECT_THAT(told, SizeIs(1));
  pass(seconds(57));
  settle();
  EXPECT_THAT(told, ElementsAre("+pi3.node_down", "+pi1.node_down")) << "it fires on and was not told";
  EXPECT_THAT(book->silences(), IsEmpty());
  EXPECT_THAT(rows.silences, IsEmpty());
}

TEST_F(AlertBookTest, WhatBeganAndEndedInSilenceIsNeverTold) {
  silence("*", "", hours(1));
  look("pi9", down());
  look_for(seconds(10), "pi9", up());
  pass(hours(2));
  settle();
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(AlertBookTest, ASilenceAfterTheMessageDoesNotHideItsEnd) {
  look("pi1", down());
  silence("pi1", "", hours(1));
  look_for(seconds(10), "pi1", up());
  EXPECT_THAT(told, ElementsAre("+pi1.node_down", "-pi1.node_down"));
}

TEST_F(AlertBookTest, ASilenceOfOneConditionLeavesTheOthers) {
  silence("pi1", "temperature cpu", hours(1));
  NodeFacts hot = up(85);
  hot.memory_percent = 99;
  look_for(seconds(20), "pi1", hot);
  EXPECT_THAT(told, ElementsAre("+pi1.memory"));
  EXPECT_TRUE(book->is_silenced("pi1", Condition::kCpu, wall));
  EXPECT_FALSE(book->is_silenced("pi1", Condition::kMemory, wall));
  EXPECT_FALSE(book->is_silenced("pi2", Condition::kCpu, wall));
}

TEST_F(AlertBookTest, SilencesEndByNumberAndAreCounted) {
  const std::uint64_t id = silence("pi1", "", hours(1));
  WatchChanges out;
  EXPECT_FALSE(book->end_silence(id + 1, out));
  EXPECT_TRUE(out.empty());
  EXPECT_TRUE(book->end_silence(id, out));
  EXPECT_THAT(out.gone_silences, ElementsAre(id));
  EXPECT_FALSE(book->end_silence(id, out));
  for (std::size_t i = 0; i < AlertBook::kMostSilences; ++i) EXPECT_NE(silence("pi1", "", hours(1)), 0U);
  EXPECT_EQ(silence("pi1", "", hours(1)), 0U) << "more than there may be";
}

TEST_F(AlertBookTest, ABootLoopIsMoreStartsThanTheThresholdInHalfAnHour) {
  config.rules[index_of(Condition::kBootLoop)] = {true, 2, 0, seconds(0)};
  look("pi1", up(), wall - seconds(20));
  pass(minutes(5));
  look("pi1", up(), wall - seconds(20));
  look("pi1", up(), wall - seconds(19));  // the same one, with another rounding
  pass(minutes(5));
  EXPECT_EQ(states(), "");
  look("pi1", up(), wall - seconds(20));
  EXPECT_EQ(states(), "pi1.boot_loop=firing");
  EXPECT_THAT(told, ElementsAre("+pi1.boot_loop"));
  restart();
  look("pi1", up(), wall - seconds(23));
  EXPECT_THAT(told, SizeIs(1)) << "boots survive a restart";
  EXPECT_TRUE(book->has_timers("pi1")) << "it ends by time alone";
  pass(minutes(21));
  look("pi1", up(), wall - minutes(21));
  look_for(seconds(6), "pi1", up());
  EXPECT_THAT(told, ElementsAre("+pi1.boot_loop", "-pi1.boot_loop"));
  EXPECT_THAT(rows.boots, SizeIs(2)) << "what is older than the window is forgotten";
}

TEST_F(AlertBookTest, ANodeThatNeverComesUpIsABootLoopToo) {
  NodeFacts booting;
  booting.reach = Reach::kUnknown;
  for (std::uint32_t failed = 0; failed < 4; ++failed) {
    booting.failed_boots = failed;
    pass(seconds(90));
    look("pi1", booting);
    look("pi1", booting);
    EXPECT_EQ(states(), failed < 3 ? "" : "pi1.boot_loop=firing") << failed;
  }
  // It comes up: that start was counted by none of the failures, and nothing fires twice.
  NodeFacts well = up();
  look("pi1", well, wall - seconds(10));
  EXPECT_THAT(told, ElementsAre("+pi1.boot_loop"));
}

TEST_F(AlertBookTest, AnOldBootIsNotCounted) {
  look("pi1", up(), wall - hours(48));
  look("pi1", up(), wall - minutes(29));
  look("pi1", up(), wall - seconds(5));
  EXPECT_EQ(states(), "");
  EXPECT_THAT(rows.boots, SizeIs(2)) << "what is long ago needs no row";
  look("pi1", up(), wall + hours(5));
  EXPECT_THAT(rows.boots, SizeIs(2)) << "nor does the future";
}

TEST_F(AlertBookTest, ANodeThatLeavesEndsItsAlertsAndIsForgotten) {
  look("pi1", down());
  look("pi2", down());
  look("pi2", up(), wall - seconds(1));
  WatchChanges out;
  book->keep_only([](std::string_view name) { return name == "pi1"; }, now(), out);
  finish(out);
  EXPECT_THAT(told, ElementsAre("+pi1.node_down", "+pi2.node_down", "-pi2.node_down"));
  EXPECT_EQ(states(), "pi1.node_down=firing");
  EXPECT_THAT(rows.alerts, SizeIs(1));
  EXPECT_THAT(rows.boots, IsEmpty());
}

TEST_F(AlertBookTest, AConditionOfTheSiteHasNoNode) {
  WatchChanges out;
  book->observe_site(Condition::kWatchdog, true, "silent", now(), out);
  finish(out);
  EXPECT_THAT(told, ElementsAre("+watchdog"));
  out = {};
  book->keep_only([](std::string_view) { return false; }, now(), out);
  EXPECT_EQ(states(), ".watchdog=firing") << "no inventory ends it";
}

TEST_F(AlertBookTest, OverridesOfANodeHold) {
  config.overrides = {{{"pi2"}, {{Condition::kTemperature, std::nullopt, 90, std::nullopt, std::nullopt}}}};
  look_for(seconds(20), "pi1", up(85));
  look_for(seconds(20), "pi2", up(85));
  EXPECT_THAT(told, ElementsAre("+pi1.temperature"));
  look_for(seconds(20), "pi2", up(91));
  EXPECT_THAT(told, ElementsAre("+pi1.temperature", "+pi2.temperature"));
  EXPECT_EQ((rows.alerts[{"pi2", "temperature"}].threshold), 90);
}

TEST_F(AlertBookTest, AWallClockThatJumpsEndsNothing) {
  look_for(seconds(20), "pi1", up(85));
  wall -= hours(1000);
  look_for(seconds(3), "pi1", up(85));
  wall += hours(5000);
  look_for(seconds(3), "pi1", up(85));
  EXPECT_THAT(told, ElementsAre("+pi1.temperature"));
  look_for(seconds(6), "pi1", up(50));
  EXPECT_THAT(told, SizeIs(2));
}

TEST_F(AlertBookTest, OnlyWhatWasToldAndFiresIsToldToAlertmanager) {
  look("pi1", down());
  silence("pi2", "", hours(1));
  look("pi2", down());
  ASSERT_THAT(book->told(), SizeIs(1));
  EXPECT_EQ(book->told().front().node, "pi1");
}

TEST_F(AlertBookTest, AllRowsAreWhatWasStoredPieceByPiece) {
  look_for(seconds(20), "pi1", up(85));
  look("pi2", up(), wall - seconds(3));
  look("pi3", up(85));  // pending
  silence("pi1", "cpu", hours(1));
  WatchChanges all;
  book->add_rows(all);
  EXPECT_THAT(all.alerts, SizeIs(1));
  EXPECT_THAT(all.boots, SizeIs(1));
  EXPECT_THAT(all.silences, SizeIs(1));
  EXPECT_EQ(all.alerts.front(), rows.alerts.begin()->second);
  EXPECT_EQ(all.silences.front(), rows.silences.begin()->second);
}

TEST_F(AlertBookTest, RowsOfAnotherVersionAreLeftOut) {
  WatchChanges stored;
  AlertRecord alert;
  alert.node = "pi1";
  alert.condition = "levitation";
  stored.alerts.push_back(alert);
  SilenceRecord unknown;
  unknown.id = 7;
  unknown.nodes = "pi1";
  unknown.conditions = "levitation cpu";
  unknown.expires_ms = to_ms(wall + hours(1));
  stored.silences.push_back(unknown);
  book->restore(stored);
  EXPECT_EQ(states(), "");
  EXPECT_TRUE(book->is_silenced("pi1", Condition::kCpu, wall));
  EXPECT_FALSE(book->is_silenced("pi1", Condition::kDisk, wall));
  unknown.id = 8;
  unknown.nodes = "pi2";
  unknown.conditions = "levitation";
  stored.silences = {unknown};
  book->restore(stored);
  EXPECT_FALSE(book->is_silenced("pi2", Condition::kCpu, wall)) << "none that is known is not all";
  unknown.conditions = "cpu";
  unknown.expires_ms = INT64_MAX;
  stored.silences = {unknown};
  book->restore(stored);
  EXPECT_TRUE(book->is_silenced("pi2", Condition::kCpu, wall)) << "later than any clock goes";
}

}  // namespace
}  // namespace piman::watch
