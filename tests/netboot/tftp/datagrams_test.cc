// SPDX-License-Identifier: Apache-2.0
#include "netboot/tftp/datagrams.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "common/text.h"

namespace piman::netboot::tftp {
namespace {

const Ipv4Address kLoopback = Ipv4Address(0x7F00'0001);

struct Pair {
  UniqueFd from = *open_udp({kLoopback, 0, {}});
  UniqueFd to = *open_udp({kLoopback, 0, {}});
  SendBatch batch;
  ReceiveBatch received;

  void add(const std::string& text, std::size_t segment_bytes = 0, Ipv4Address sender = {}) {
    const auto room = batch.room();
    ASSERT_GE(room.size(), text.size());
    std::copy(text.begin(), text.end(), room.begin());
    batch.add({kLoopback, bound_port(to.get())}, sender, text.size(), segment_bytes);
  }
  std::string packets() {
    std::string out;
    while (const std::size_t count = received.receive(to.get())) {
      for (std::size_t i = 0; i < count; ++i) {
        const auto bytes = received.packet(i).bytes;
        out += concat(std::string(bytes.begin(), bytes.end()), "|");
      }
    }
    return out;
  }
};

TEST(Datagrams, BatchesArrive) {
  Pair pair;
  pair.add("one");
  pair.add("");
  pair.add("three", 0, Ipv4Address(0x7F00'0003));
  EXPECT_FALSE(pair.batch.empty());
  EXPECT_TRUE(pair.batch.flush(pair.from.get()));
  EXPECT_TRUE(pair.batch.empty());
  ASSERT_EQ(pair.received.receive(pair.to.get()), 3U);
  EXPECT_EQ(pair.received.packet(0).from, (Endpoint{kLoopback, bound_port(pair.from.get())}));
  EXPECT_EQ(pair.received.packet(0).local, kLoopback);
  EXPECT_FALSE(pair.received.packet(0).was_broadcast);
  EXPECT_EQ(pair.received.packet(1).bytes.size(), 0U);
  EXPECT_EQ(pair.received.packet(2).from.address, Ipv4Address(0x7F00'0003));
  EXPECT_EQ(pair.received.packet(2).bytes.size(), 5U);
}

TEST(Datagrams, AMessageIsCutIntoSegments) {
  for (const bool with_sender : {false, true}) {
    Pair pair;
    pair.add("aaabbbcc", 3, with_sender ? kLoopback : Ipv4Address());
    EXPECT_TRUE(pair.batch.flush(pair.from.get()));
    EXPECT_EQ(pair.packets(), "aaa|bbb|cc|");
  }
}

TEST(Datagrams, WhereTheSystemDoesNotCutWeDo) {
  for (const bool with_sender : {false, true}) {
    Pair pair;
    const int on = 1;  // the kernel refuses segments without checksums
    ASSERT_EQ(::setsockopt(pair.from.get(), SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);
    EXPECT_EQ(pair.batch.max_segments(), SendBatch::kMaxSegments);
    pair.add("first");
    pair.add("aaabbbcc", 3, with_sender ? kLoopback : Ipv4Address());
    pair.add("last");
    EXPECT_TRUE(pair.batch.flush(pair.from.get()));
    EXPECT_EQ(pair.packets(), "first|aaa|bbb|cc|last|");
    EXPECT_EQ(pair.batch.max_segments(), 1U);
    EXPECT_EQ(pair.batch.dropped(), 0U);
  }
}

TEST(Datagrams, WhatCanNotBeSentIsDroppedAloneAndTheRestGoesOn) {
  Pair pair;
  pair.add("first");
  pair.batch.room()[0] = 'x';
  pair.batch.add({Ipv4Address(0xFFFF'FFFF), 1}, {}, 1);  // a broadcast without permission
  pair.add("last");
  EXPECT_TRUE(pair.batch.flush(pair.from.get()));
  EXPECT_EQ(pair.packets(), "first|last|");
  EXPECT_EQ(pair.batch.dropped(), 1U);
}

TEST(Datagrams, WhatGoesToReachableOnesLeavesInItsPlace) {
  for (const bool is_cut : {true, false}) {
    Pair pair;
    const int on = is_cut ? 0 : 1;  // the kernel refuses segments without checksums
    ASSERT_EQ(::setsockopt(pair.from.get(), SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);
    pair.add("a");
    pair.add("bbcc", 2);
    pair.batch.mark_reachable();
    pair.add("d");
    pair.batch.mark_reachable();
    pair.add("e");
    EXPECT_TRUE(pair.batch.flush(pair.from.get()));
    pair.add("f");  // in a place that was marked in the batch before
    EXPECT_TRUE(pair.batch.flush(pair.from.get()));
    EXPECT_EQ(pair.packets(), "a|bb|cc|d|e|f|");
    EXPECT_EQ(pair.batch.dropped(), 0U);
  }
}

TEST(Datagrams, ABatchHasAnEnd) {
  Pair pair;
  std::size_t count = 0;
  for (; !pair.batch.room().empty(); ++count) pair.add("x");
  EXPECT_EQ(count, SendBatch::kMaxMessages);
  EXPECT_TRUE(pair.batch.flush(pair.from.get()));
  for (count = 0; !pair.batch.room().empty(); ++count) pair.add(std::string(60'000, 'x'));
  EXPECT_GE(count, 3U);
}

TEST(Datagrams, ErrorsNameTheAddress) {
  const auto socket = open_udp({Ipv4Address(0xC000'0201), 6969, {}});
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().message, "listening on UDP 192.0.2.1:6969: Cannot assign requested address");
}

}  // namespace
}  // namespace piman::netboot::tftp
