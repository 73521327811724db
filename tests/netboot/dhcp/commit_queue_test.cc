// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/commit_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "tests/netboot/dhcp/wire.h"

namespace piman::netboot::dhcp {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Commits when the test says so.
class HeldStore final : public LeaseStore {
 public:
  Result<std::vector<Lease>> load() override { return std::vector<Lease>(); }
  void commit(std::vector<LeaseChange> changes, Done done) override {
    EXPECT_FALSE(running) << "one commit at a time";
    sizes.push_back(changes.size());
    running = std::move(done);
  }
  void finish(Result<void> outcome) {
    Done done = *std::exchange(running, std::nullopt);
    std::jthread([&] { done(std::move(outcome)); }).join();  // from any thread
  }

  std::vector<std::size_t> sizes;
  std::optional<Done> running;
};

class CommitQueueTest : public ::testing::Test {
 protected:
  void add(int number) {
    LeaseChange change;
    change.lease.address = Ipv4Address(static_cast<std::uint32_t>(number));
    CommitQueue::Then then = [this, number](bool stored) { told.push_back(stored ? number : -number); };
    ASSERT_TRUE(queue->add(change, then));
  }
  void run() {
    io.restart();
    io.poll();
  }

  asio::io_context io;
  HeldStore store;
  std::unique_ptr<CommitQueue> queue = std::make_unique<CommitQueue>(io, store);
  std::vector<int> told;
};

TEST_F(CommitQueueTest, NobodyIsToldBeforeItIsStored) {
  add(1);
  run();
  EXPECT_THAT(store.sizes, IsEmpty());
  queue->flush();
  run();
  EXPECT_THAT(store.sizes, ElementsAre(1U));
  EXPECT_THAT(told, IsEmpty());
  store.finish({});
  EXPECT_THAT(told, IsEmpty()) << "only on the io_context's thread";
  run();
  EXPECT_THAT(told, ElementsAre(1));
}

TEST_F(CommitQueueTest, WhileOneRunsTheNextGathers) {
  add(1);
  queue->flush();
  for (const int number : {2, 3, 4}) {
    add(number);
    queue->flush();
  }
  EXPECT_THAT(store.sizes, ElementsAre(1U));
  store.finish({});
  run();
  EXPECT_THAT(store.sizes, ElementsAre(1U, 3U));
  store.finish({});
  run();
  EXPECT_THAT(told, ElementsAre(1, 2, 3, 4));
}

TEST_F(CommitQueueTest, AFailureIsToldToItsOwnOnly) {
  int rounds = 0;
  queue->on_commit_done([&] { ++rounds; });
  add(1);
  queue->flush();
  add(2);
  store.finish(fail("disk full"));
  run();
  EXPECT_THAT(told, ElementsAre(-1));
  EXPECT_EQ(queue->last_error(), "disk full");
  store.finish({});
  run();
  EXPECT_THAT(told, ElementsAre(-1, 2));
  EXPECT_EQ(queue->last_error(), "");
  EXPECT_EQ(rounds, 2);
}

TEST_F(CommitQueueTest, GathersOnlySoMany) {
  for (std::size_t i = 0; i < CommitQueue::kMost; ++i) add(1);
  LeaseChange one_more;
  CommitQueue::Then then = [](bool) {};
  EXPECT_FALSE(queue->add(one_more, then));
  ASSERT_TRUE(then);  // was not taken: the caller has to tell
}

TEST_F(CommitQueueTest, AStoreThatEndsLaterFindsNobody) {
  add(1);
  queue->flush();
  queue.reset();
  store.finish({});
  run();
  EXPECT_THAT(told, IsEmpty());
}

}  // namespace
}  // namespace piman::netboot::dhcp
