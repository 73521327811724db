// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/scrape_demand.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace piman::manager {
namespace {

using std::chrono::milliseconds;

TEST(ScrapeDemand, AllWhoWantANodeAreOneDemand) {
  ScrapeDemand demand;
  std::atomic<int> woken = 0;
  std::vector<std::jthread> clients;
  for (int i = 0; i < 5; ++i) {
    clients.emplace_back([&] { EXPECT_TRUE(demand.wait_for("pi1", milliseconds(20'000), [&] { ++woken; })); });
  }
  while (woken < 5) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(demand.take(), std::vector<std::string>{"pi1"});
  EXPECT_TRUE(demand.take().empty());
  demand.done("pi2");  // another one's end is none for them
  demand.done("pi1");
  clients.clear();
  EXPECT_FALSE(demand.wait_for("pi1", milliseconds(1), [] {}));
  EXPECT_EQ(demand.take(), std::vector<std::string>{"pi1"});
}

TEST(ScrapeDemand, AnEndBetweenAskingAndWaitingCounts) {
  ScrapeDemand demand;
  EXPECT_TRUE(demand.wait_for("pi1", milliseconds(20'000), [&] { demand.done("pi1"); }));
}

TEST(ScrapeDemand, NobodyWaitsForAScraperThatHasStopped) {
  ScrapeDemand demand;
  EXPECT_FALSE(demand.wait_for("pi1", milliseconds(20'000), [&] { demand.close(); }));
  EXPECT_FALSE(demand.wait_for("pi1", milliseconds(20'000), [] {}));
}

TEST(ScrapeDemand, OnlySoManyMayWait) {
  ScrapeDemand demand;
  std::vector<std::jthread> clients;
  std::atomic<std::size_t> waiting = 0;
  for (std::size_t i = 0; i < ScrapeDemand::kMostWaiting; ++i) {
    clients.emplace_back([&] { demand.wait_for("pi1", milliseconds(20'000), [&] { ++waiting; }); });
  }
  while (waiting < ScrapeDemand::kMostWaiting) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_FALSE(demand.wait_for("pi2", milliseconds(20'000), [] {}));
  demand.close();
}

}  // namespace
}  // namespace piman::manager
