// SPDX-License-Identifier: Apache-2.0
#include "manager/watch/node_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace piman::watch {
namespace {

using manager::FileSystemFacts;
using manager::NodeState;
using manager::Phase;
using std::chrono::seconds;
using Reach = NodeFacts::Reach;

const WallTime kNow{seconds(1'700'000'000)};

NodeState node_in(Phase phase) {
  NodeState node;
  node.host.name = "pi7";
  node.phase = phase;
  node.phase_detail = "12 of 30 MB of kernel8.img";
  node.last.at = kNow;
  node.last.error_text = "no answer within 5s";
  return node;
}

TEST(NodeFacts, WhatAPhaseMeans) {
  for (std::size_t i = 0; i < manager::kPhaseCount; ++i) {
    const auto phase = static_cast<Phase>(i);
    const bool is_bad = phase == Phase::kDown || phase == Phase::kFailed || phase == Phase::kQuarantined;
    const Reach expected = phase == Phase::kUp          ? Reach::kUp
                           : phase == Phase::kAgentDown ? Reach::kAgentDown
                           : is_bad                     ? Reach::kDown
                                                        : Reach::kUnknown;
    EXPECT_EQ(facts_of(node_in(phase)).reach, expected) << to_string(phase);
  }
}

TEST(NodeFacts, ANodeThatIsStuckIsDownAndSaysWhere) {
  for (const Phase phase : {Phase::kDhcp, Phase::kLoading, Phase::kHello, Phase::kFormatting, Phase::kDownloading,
                            Phase::kVerifying, Phase::kBooting}) {
    NodeState node = node_in(phase);
    EXPECT_EQ(facts_of(node).reach, Reach::kUnknown) << "it has time";
    node.stuck = true;
    const NodeFacts facts = facts_of(node);
    EXPECT_EQ(facts.reach, Reach::kDown) << to_string(phase);
    EXPECT_EQ(facts.trouble, "stuck in the phase " + std::string(to_string(phase)) + ": 12 of 30 MB of kernel8.img");
    node.phase_detail.clear();
    EXPECT_EQ(facts_of(node).trouble, "stuck in the phase " + std::string(to_string(phase)));
  }
}

TEST(NodeFacts, WhyItIsDownInWords) {
  EXPECT_EQ(facts_of(node_in(Phase::kDown)).trouble, "no answer within 5s");
  EXPECT_EQ(facts_of(node_in(Phase::kAgentDown)).trouble, "no answer within 5s");
  EXPECT_EQ(facts_of(node_in(Phase::kFailed)).trouble, "failed: 12 of 30 MB of kernel8.img");
  EXPECT_EQ(facts_of(node_in(Phase::kQuarantined)).trouble, "quarantined: 12 of 30 MB of kernel8.img");
}

TEST(NodeFacts, LoadIsThatOfANodeThatIsUp) {
  NodeState node = node_in(Phase::kUp);
  node.event = NodeEvent{};
  node.event->cpu_percent = 91;
  node.event->memory_percent = 92;
  node.event->disk_percent = 93;
  node.event->num_pids = 94;
  node.temperature_celsius = 95;
  node.health.under_voltage = true;
  node.failed_boots = 2;
  const NodeFacts facts = facts_of(node);
  EXPECT_EQ(facts.cpu_percent, 91);
  EXPECT_EQ(facts.memory_percent, 92);
  EXPECT_EQ(facts.disk_percent, 93);
  EXPECT_EQ(facts.processes, 94);
  EXPECT_EQ(facts.temperature_celsius, 95);
  EXPECT_EQ(facts.under_voltage, true);
  EXPECT_EQ(facts.failed_boots, 2U);
  EXPECT_FALSE(facts.throttled);
  node.phase = Phase::kDown;
  EXPECT_FALSE(facts_of(node).cpu_percent) << "old values say nothing";
}

TEST(NodeFacts, TheFullestFileSystemThatCanBeWritten) {
  const auto file_system = [](const char* mount, double size, double free, bool read_only) {
    FileSystemFacts one;
    one.mount_point = mount;
    one.size_bytes = size;
    one.available_bytes = free;
    one.read_only = read_only;
    return one;
  };
  NodeState node = node_in(Phase::kUp);
  node.health.file_systems = {file_system("/", 100, 40, false), file_system("/data", 1000, 50, false),
                              file_system("/snap", 10, 0, true), file_system("/empty", 0, 0, false)};
  const NodeFacts facts = facts_of(node);
  EXPECT_NEAR(*facts.fullest_percent, 95, 1e-9);
  EXPECT_EQ(facts.fullest_mountpoint, "/data");
}

TEST(NodeFacts, AClockIsOffByWhatItsMeasurementDoesNotExplain) {
  NodeState node = node_in(Phase::kUp);
  node.health.clock_offset = manager::ClockOffset{-3, 1};
  EXPECT_EQ(facts_of(node).clock_offset_seconds, -2);
  node.health.clock_offset = manager::ClockOffset{0.5, 1};
  EXPECT_EQ(facts_of(node).clock_offset_seconds, 0);
}

TEST(BootedAt, IsOnTheManagersClockHoweverWrongTheNodesIs) {
  NodeState node = node_in(Phase::kUp);
  EXPECT_FALSE(booted_at(node)) << "it does not say";
  node.event = NodeEvent{};
  node.event->time = 1000;  // 1970: a Pi without a clock
  node.boot_time_seconds = 900;
  EXPECT_EQ(booted_at(node), kNow - seconds(100));
  node.boot_time_seconds = 1100;
  EXPECT_FALSE(booted_at(node)) << "it starts in the future";
  node.boot_time_seconds = -1e12;
  EXPECT_FALSE(booted_at(node)) << "it runs for longer than there are computers";
  node.boot_time_seconds = 900;
  node.phase = Phase::kDown;
  EXPECT_FALSE(booted_at(node));
}

}  // namespace
}  // namespace piman::watch
