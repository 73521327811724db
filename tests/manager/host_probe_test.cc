// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/host_probe.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <set>
#include <thread>
#include <vector>

namespace piman::manager {
namespace {

const Ipv4Address kHere(0x7F000001);   // 127.0.0.1
const Ipv4Address kThere(0x7F000002);  // 127.0.0.2: answers as well

class HostProbeTest : public ::testing::Test {
 protected:
  HostProbe::Watch watch() {
    return {[this](int fd, bool /*in*/, bool /*out*/) { watched_.insert(fd); }, [this](int fd) { watched_.erase(fd); }};
  }
  /// Waits as the loop does: only for what is watched.
  std::vector<Ipv4Address> answers(HostProbe& probe, std::size_t wanted) {
    std::vector<Ipv4Address> all;
    for (int i = 0; i < 200 && all.size() < wanted; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      for (const Ipv4Address address : probe.take_answers()) all.push_back(address);
    }
    return all;
  }
  bool is_any_ready() const {
    for (const int fd : watched_) {
      ::pollfd one{fd, POLLIN | POLLOUT, 0};
      if (::poll(&one, 1, 0) > 0) return true;
    }
    return false;
  }
  std::set<int> watched_;
};

TEST_F(HostProbeTest, AHostThatIsThereAnswers) {
  HostProbe probe(watch());
  probe.ask(kHere);
  EXPECT_EQ(answers(probe, 1), std::vector<Ipv4Address>{kHere});
}

TEST_F(HostProbeTest, NothingIsWatchedWhileNothingIsAsked) {
  HostProbe probe(watch());
  EXPECT_TRUE(watched_.empty());
  probe.ask(kHere);
  probe.ask(kThere);
  EXPECT_FALSE(watched_.empty());
  EXPECT_EQ(answers(probe, 2).size(), 2U);
  EXPECT_TRUE(watched_.empty());
  probe.ask(kHere);
  probe.give_up(kHere);
  EXPECT_TRUE(watched_.empty());
}

// What comes in when nobody waits (another program's pings, an answer that is late) must not keep the loop awake.
TEST_F(HostProbeTest, WhatComesUnaskedWakesNobody) {
  HostProbe probe(watch());
  HostProbe other({[](int, bool, bool) {}, [](int) {}});
  probe.ask(kHere);
  probe.give_up(kHere);
  other.ask(kHere);
  EXPECT_EQ(answers(other, 1).size(), 1U);
  EXPECT_FALSE(is_any_ready());
  // And it is not taken for the answer to a later question.
  probe.ask(kThere);
  EXPECT_EQ(answers(probe, 1), std::vector<Ipv4Address>{kThere});
}

}  // namespace
}  // namespace piman::manager
