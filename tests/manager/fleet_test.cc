// SPDX-License-Identifier: Apache-2.0
#include "manager/fleet/fleet.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <thread>

#include "common/text.h"

namespace piman::manager {
namespace {

using std::chrono::seconds;

const WallTime kStart{seconds(1'700'000'000)};

Host host(std::string name, std::uint32_t last) {
  return Host{std::move(name), Ipv4Address(0x0A00'0000U + last),
              MacAddress({0xB8, 0x27, 0xEB, 0, 0, static_cast<std::uint8_t>(last)})};
}

ScrapeResult good(WallTime at, double cpu) {
  ScrapeResult result;
  result.at = at;
  result.host_answered = true;
  result.samples = 3;
  result.event = NodeEvent{};
  result.event->cpu_percent = cpu;
  result.temperature_celsius = 50;
  result.boot_time_seconds = 1000;
  result.model = "4B";
  result.page = std::make_shared<const std::string>("page");
  return result;
}
ScrapeResult bad(WallTime at, ScrapeError error, bool host_answered) {
  ScrapeResult result;
  result.at = at;
  result.error = error;
  result.error_text = "words";
  result.host_answered = host_answered;
  return result;
}

TEST(Fleet, NodesBeginAsPendingInTheOrderOfTheInventory) {
  Fleet fleet(10);
  EXPECT_TRUE(fleet.snapshot()->nodes.empty());
  fleet.set_inventory({host("b", 2), host("a", 1)}, kStart);
  const auto snapshot = fleet.snapshot();
  ASSERT_EQ(snapshot->nodes.size(), 2U);
  EXPECT_EQ(snapshot->nodes[0]->host.name, "b");
  EXPECT_EQ(snapshot->nodes[1]->host.name, "a");
  EXPECT_EQ(snapshot->nodes[0]->phase, Phase::kPending);
  EXPECT_EQ(snapshot->nodes[0]->phase_since, kStart);
  EXPECT_EQ(snapshot->find("a"), snapshot->nodes[1].get());
  EXPECT_EQ(snapshot->find("c"), nullptr);
  EXPECT_EQ(fleet.find("a"), snapshot->nodes[1]);
  EXPECT_EQ(fleet.find("c"), nullptr);
}

TEST(Fleet, KeepsWhatTheLastGoodScrapeSaidWhileANodeIsDown) {
  Fleet fleet(10);
  fleet.set_inventory({host("a", 1)}, kStart);
  fleet.apply("a", good(kStart + seconds(1), 12.5));
  auto node = fleet.find("a");
  EXPECT_EQ(node->phase, Phase::kUp);
  EXPECT_EQ(node->phase_since, kStart + seconds(1));
  EXPECT_EQ(node->last_seen, kStart + seconds(1));
  EXPECT_NE(node->last.page, nullptr);

  fleet.apply("a", bad(kStart + seconds(2), ScrapeError::kRefused, true));
  fleet.apply("a", bad(kStart + seconds(3), ScrapeError::kTimeout, false));
  fleet.apply("a", bad(kStart + seconds(4), ScrapeError::kTimeout, false));
  node = fleet.find("a");
  EXPECT_EQ(node->phase, Phase::kDown);
  EXPECT_EQ(node->phase_since, kStart + seconds(3));
  EXPECT_EQ(node->last_seen, kStart + seconds(1));
  EXPECT_EQ(node->event->cpu_percent, 12.5);
  EXPECT_EQ(node->temperature_celsius, 50);
  EXPECT_EQ(node->boot_time_seconds, 1000);
  EXPECT_EQ(node->model, "4B");
  EXPECT_EQ(node->last.error, ScrapeError::kTimeout);
  EXPECT_EQ(node->last.page, nullptr);
  EXPECT_EQ(node->scrapes, 4U);
  EXPECT_EQ(node->failures, 3U);
  EXPECT_EQ(node->consecutive_failures, 3U);

  fleet.apply("a", good(kStart + seconds(5), 1));
  node = fleet.find("a");
  EXPECT_EQ(node->phase, Phase::kUp);
  EXPECT_EQ(node->failures, 3U);
  EXPECT_EQ(node->consecutive_failures, 0U);
}

TEST(Fleet, HistoryIsBoundedAndHasGapsWhereANodeFailed) {
  Fleet fleet(3);
  fleet.set_inventory({host("a", 1)}, kStart);
  for (int i = 1; i <= 4; ++i) fleet.apply("a", good(kStart + seconds(i), i));
  fleet.apply("a", bad(kStart + seconds(5), ScrapeError::kTimeout, false));
  const auto points = fleet.history("a");
  ASSERT_EQ(points.size(), 3U);
  EXPECT_EQ(points[0].at, kStart + seconds(3));
  EXPECT_FLOAT_EQ(points[0].cpu_percent, 3);
  EXPECT_FLOAT_EQ(points[1].temperature_celsius, 50);
  EXPECT_TRUE(std::isnan(points[0].disk_percent));
  EXPECT_TRUE(std::isnan(points[2].cpu_percent));
  EXPECT_TRUE(std::isnan(points[2].temperature_celsius));
  EXPECT_TRUE(fleet.history("unknown").empty());
  Fleet(0).apply("a", good(kStart, 1));
}

TEST(Fleet, AnInventoryChangeKeepsTheStateOfThoseThatStay) {
  Fleet fleet(10);
  fleet.set_inventory({host("stays", 1), host("moves", 2), host("leaves", 3)}, kStart);
  const std::uint64_t inventory = fleet.inventory_version();
  for (const char* name : {"stays", "moves", "leaves"}) fleet.apply(name, good(kStart + seconds(1), 1));
  EXPECT_EQ(fleet.inventory_version(), inventory);

  Host other_card = host("stays", 1);
  other_card.mac = MacAddress({0xDC, 0xA6, 0x32, 0, 0, 1});
  fleet.set_inventory({host("new", 4), host("moves", 9), other_card}, kStart + seconds(2));
  EXPECT_NE(fleet.inventory_version(), inventory);
  EXPECT_EQ(fleet.snapshot()->nodes.size(), 3U);
  EXPECT_EQ(fleet.find("stays")->phase, Phase::kUp);
  EXPECT_EQ(fleet.find("stays")->host.mac, other_card.mac);
  EXPECT_EQ(fleet.history("stays").size(), 1U);
  EXPECT_EQ(fleet.find("moves")->phase, Phase::kPending);  // another address may be another machine
  EXPECT_TRUE(fleet.history("moves").empty());
  EXPECT_EQ(fleet.find("new")->phase_since, kStart + seconds(2));
  EXPECT_EQ(fleet.find("leaves"), nullptr);
  fleet.apply("leaves", good(kStart + seconds(3), 1));  // a scrape that was under way
  EXPECT_EQ(fleet.find("leaves"), nullptr);
}

TEST(Fleet, ARepeatedNameCountsOnce) {
  Fleet fleet(10);
  fleet.set_inventory({host("a", 1), host("a", 2)}, kStart);
  fleet.apply("a", good(kStart, 1));
  fleet.set_inventory({host("a", 1), host("a", 1)}, kStart);
  ASSERT_EQ(fleet.snapshot()->nodes.size(), 1U);
  EXPECT_EQ(fleet.find("a")->host.address, host("a", 1).address);
  EXPECT_EQ(fleet.find("a")->phase, Phase::kUp);
}

TEST(Fleet, ASnapshotStaysAsItWas) {
  Fleet fleet(10);
  fleet.set_inventory({host("a", 1)}, kStart);
  const auto before = fleet.snapshot();
  EXPECT_EQ(fleet.snapshot(), before);  // nothing changed: the same one
  fleet.apply("a", good(kStart, 1));
  const auto after = fleet.snapshot();
  EXPECT_GT(after->version, before->version);
  EXPECT_EQ(before->nodes[0]->phase, Phase::kPending);
  EXPECT_EQ(after->nodes[0]->phase, Phase::kUp);
}

TEST(Fleet, ThePhaseFollowsFromAllThatIsHeard) {
  PhaseRules rules;
  rules.boot_time = seconds(60);
  Fleet fleet(20, rules);
  std::vector<std::string> told;
  fleet.on_phase([&](const PhaseChange& change) {
    told.push_back(
        concat(change.node, ' ', to_string(change.from), ' ', to_string(change.to), ' ', change.spent.count()));
    fleet.snapshot();  // no lock is held
  });
  fleet.set_inventory({host("a", 1)}, kStart);
  const auto at = [](int second) { return kStart + seconds(second); };
  fleet.apply("a", good(at(1), 1));
  fleet.note_power("a", {false}, at(2));
  fleet.note_power("a", {true}, at(5));
  fleet.note_boot("a", {at(6), BootFact::Reached::kLoading, "start4.elf"}, at(7));
  fleet.note_boot("a", {at(6), BootFact::Reached::kLoading, "kernel8.img"}, at(8));
  fleet.note_boot("nobody", {at(6), BootFact::Reached::kLoading, {}}, at(8));
  auto node = fleet.find("a");
  EXPECT_EQ(node->phase, Phase::kLoading);
  EXPECT_EQ(node->phase_since, at(7));
  EXPECT_EQ(node->phase_detail, "kernel8.img");
  EXPECT_FALSE(node->stuck);
  fleet.apply("a", bad(at(9), ScrapeError::kTimeout, false));
  EXPECT_EQ(fleet.find("a")->phase, Phase::kLoading);
  for (int second = 20; second < 90; second += 10) {
    fleet.note_boot("a", {at(6), BootFact::Reached::kLoading, "kernel8.img"}, at(second));
  }
  EXPECT_TRUE(fleet.find("a")->stuck);
  fleet.note_install("a", {InstallFact::Step::kDownloading, 48U, {}}, at(90));
  node = fleet.find("a");
  EXPECT_EQ(node->phase, Phase::kDownloading);
  EXPECT_EQ(node->percent, 48U);
  EXPECT_FALSE(node->stuck);
  EXPECT_EQ(node->scrapes, 2U);
  EXPECT_EQ(*node->phases, (std::vector<PhaseSpan>{{Phase::kPending, kStart},
                                                   {Phase::kUp, at(1)},
                                                   {Phase::kOff, at(2)},
                                                   {Phase::kDhcp, at(5)},
                                                   {Phase::kLoading, at(7)},
                                                   {Phase::kDownloading, at(90)}}));
  EXPECT_EQ(told,
            (std::vector<std::string>{"a pending up 1000", "a up off 1000", "a off dhcp 3000", "a dhcp loading 2000",
                                      "a loading loading 63000", "a loading downloading 83000"}));
  for (int i = 0; i < 100; ++i) fleet.note_power("a", {i % 2 == 0}, at(100 + i));
  EXPECT_EQ(fleet.find("a")->phases->size(), 32U);
  EXPECT_EQ(fleet.find("a")->phases->back().phase, fleet.find("a")->phase);
}

TEST(Fleet, ServesManyThreads) {
  Fleet fleet(20);
  std::vector<Host> hosts;
  for (std::uint32_t i = 0; i < 50; ++i) hosts.push_back(host(concat("n", i), i + 1));
  fleet.set_inventory(hosts, kStart);
  std::atomic<bool> stop = false;
  std::uint64_t seen = 0;
  {
    const std::jthread writer([&] {
      for (int round = 0; round < 200; ++round) {
        for (const Host& one : hosts) fleet.apply(one.name, good(kStart + seconds(round), round));
      }
      stop = true;
    });
    const std::jthread changer([&] {
      while (!stop) {
        fleet.set_inventory({hosts.begin(), hosts.begin() + 40}, kStart);
        fleet.set_inventory(hosts, kStart);
      }
    });
    while (!stop) {
      const auto snapshot = fleet.snapshot();
      EXPECT_GE(snapshot->version, seen);
      seen = snapshot->version;
      EXPECT_GE(snapshot->nodes.size(), 40U);
      fleet.history("n3");
    }
  }
  EXPECT_EQ(fleet.find("n3")->phase, Phase::kUp);
}

TEST(Scrapes, SayAPhaseAlone) {
  EXPECT_EQ(phase_after(good(kStart, 1)), Phase::kUp);
  EXPECT_EQ(phase_after(bad(kStart, ScrapeError::kRefused, true)), Phase::kAgentDown);
  EXPECT_EQ(phase_after(bad(kStart, ScrapeError::kTimeout, false)), Phase::kDown);
  EXPECT_EQ(to_string(Phase::kAgentDown), "agent-down");
  EXPECT_EQ(to_string(ScrapeError::kOther), "other");
}

}  // namespace
}  // namespace piman::manager
