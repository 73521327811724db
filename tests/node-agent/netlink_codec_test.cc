// SPDX-License-Identifier: Apache-2.0
#include "node-agent/netlink_codec.h"

#include <linux/netlink.h>

#include <cerrno>
#include <limits>

#include "tests/node-agent/scripted_netlink.h"

namespace piman::agent {
namespace {

using test_netlink::Bytes;
using test_netlink::operator+;
using State = NetlinkAnswer::State;

constexpr std::uint32_t kSequence = 5, kPort = 7;

Bytes message(std::uint16_t type, Bytes body, std::uint16_t flags = 0, std::uint32_t sequence = kSequence,
              std::uint32_t port = kPort) {
  Bytes bytes = encode_netlink_message(type, flags, sequence, body);
  std::memcpy(bytes.data() + offsetof(::nlmsghdr, nlmsg_pid), &port, sizeof port);
  bytes.resize((bytes.size() + 3) & ~std::size_t{3});
  return bytes;
}

Bytes number(std::int32_t value) {
  Bytes bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

TEST(NetlinkCodec, NumbersAndTexts) {
  const Bytes bytes = {1, 0, 0, 0, 'a', 'b', 0, 'c'};
  EXPECT_EQ(netlink_value<std::uint32_t>(bytes), 1U);
  EXPECT_EQ(netlink_value<std::uint8_t>(bytes, 7), 'c');
  EXPECT_FALSE(netlink_value<std::uint8_t>(bytes, 8));
  EXPECT_FALSE(netlink_value<std::uint32_t>(bytes, 5));
  EXPECT_FALSE(netlink_value<std::uint64_t>(bytes, static_cast<std::size_t>(-1)));
  EXPECT_EQ(netlink_text(NetlinkBytes(bytes).subspan(4)), "ab");
  EXPECT_EQ(netlink_text(NetlinkBytes(bytes).subspan(4, 2)), "ab");
  EXPECT_EQ(netlink_text({}), "");
}

TEST(NetlinkCodec, WhatIsEncodedIsRead) {
  const Bytes text = {'l', 'o', 0};
  Bytes bytes = NetlinkBody(std::uint32_t{9}).add(1, text).add(0x8002, std::uint32_t{77}).add(3, Bytes{}).take();
  EXPECT_EQ(bytes.size(), 4U + 8 + 8 + 4);
  NetlinkAttributes walk(NetlinkBytes(bytes).subspan(4));
  const auto first = walk.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->type, 1);
  EXPECT_EQ(first->value.size(), text.size());
  const auto second = walk.next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->type, 2);  // without the bit for nested ones
  EXPECT_EQ(netlink_value<std::uint32_t>(second->value), 77U);
  const auto third = walk.next();
  ASSERT_TRUE(third);
  EXPECT_TRUE(third->value.empty());
  EXPECT_FALSE(walk.next());
  EXPECT_FALSE(walk.broken());
}

TEST(NetlinkCodec, AttributesOfWrongLengthsAreBroken) {
  const std::vector<Bytes> all = {{4, 0, 1},    {3, 0, 1, 0},        {0, 0, 1, 0},
                                  {5, 0, 1, 0}, {255, 255, 1, 0, 9}, {4, 0, 1, 0, 4, 0}};
  for (const Bytes& bytes : all) {
    NetlinkAttributes walk(bytes);
    while (walk.next()) {
    }
    EXPECT_TRUE(walk.broken());
    EXPECT_FALSE(walk.next());
  }
  const Bytes unpadded = {5, 0, 1, 0, 9};  // the last one's padding may be missing
  NetlinkAttributes walk(unpadded);
  EXPECT_TRUE(walk.next());
  EXPECT_FALSE(walk.next());
  EXPECT_FALSE(walk.broken());
}

TEST(NetlinkCodec, MessagesOfWrongLengthsAreBroken) {
  for (const std::uint32_t length : {0U, 15U, 17U, 0xffffffffU}) {
    Bytes bytes = message(20, {});
    std::memcpy(bytes.data(), &length, sizeof length);
    NetlinkMessages walk(bytes);
    EXPECT_FALSE(walk.next()) << length;
    EXPECT_TRUE(walk.broken()) << length;
  }
}

TEST(NetlinkAnswer, IsCompleteWithItsEnd) {
  NetlinkAnswer answer(kSequence, kPort);
  EXPECT_EQ(answer.add({}).value(), State::kMore);
  EXPECT_EQ(answer.add(message(20, {1, 2, 3})).value(), State::kMore);
  EXPECT_EQ(answer.add(message(NLMSG_NOOP, {}) + message(20, {4}) + message(NLMSG_DONE, number(0))).value(),
            State::kComplete);
  const Bytes messages = answer.take_messages();
  EXPECT_EQ(messages, message(20, {1, 2, 3}) + message(20, {4}));
}

TEST(NetlinkAnswer, OneAnswerEndsWithItsAcknowledgement) {
  NetlinkAnswer answer(kSequence, kPort);
  EXPECT_EQ(answer.add(message(20, {1})).value(), State::kMore);
  EXPECT_EQ(answer.add(message(NLMSG_ERROR, number(0))).value(), State::kComplete);
}

TEST(NetlinkAnswer, OfOthersAndOfEarlierQuestionsIsPassedOver) {
  NetlinkAnswer answer(kSequence, kPort);
  const Bytes foreign = message(20, {1}, 0, kSequence - 1) + message(20, {1}, 0, kSequence, kPort + 1) +
                        message(NLMSG_DONE, number(0), 0, kSequence - 1) + message(NLMSG_ERROR, number(-1), 0, 0);
  EXPECT_EQ(answer.add(foreign).value(), State::kMore);
  EXPECT_EQ(answer.add(message(NLMSG_DONE, {})).value(), State::kComplete);
  EXPECT_TRUE(answer.take_messages().empty());
}

TEST(NetlinkAnswer, Refusals) {
  const auto refusal_of = [](const Bytes& datagram) {
    NetlinkAnswer answer(kSequence, kPort);
    EXPECT_EQ(answer.add(datagram).value(), State::kRefused);
    return answer.refusal();
  };
  EXPECT_EQ(refusal_of(message(NLMSG_ERROR, number(-ENOENT))), ENOENT);
  EXPECT_EQ(refusal_of(message(20, {}) + message(NLMSG_DONE, number(-EOPNOTSUPP))), EOPNOTSUPP);
  EXPECT_EQ(refusal_of(message(NLMSG_ERROR, {1})), EPROTO);
  EXPECT_EQ(refusal_of(message(NLMSG_ERROR, number(5))), EPROTO);
  for (const std::uint16_t type : std::initializer_list<std::uint16_t>{NLMSG_ERROR, NLMSG_DONE}) {  // no 2^31
    EXPECT_EQ(refusal_of(message(type, number(std::numeric_limits<std::int32_t>::min()))), EPROTO) << type;
  }
}

TEST(NetlinkAnswer, IsInterruptedByAnyOfItsMessages) {
  for (const bool at_the_end : {false, true}) {
    NetlinkAnswer answer(kSequence, kPort);
    EXPECT_EQ(answer.add(message(20, {}, at_the_end ? 0 : NLM_F_DUMP_INTR)).value(), State::kMore);
    const Bytes end = message(NLMSG_DONE, number(0), at_the_end ? NLM_F_DUMP_INTR | NLM_F_MULTI : 0);
    EXPECT_EQ(answer.add(end).value(), State::kInterrupted);
  }
}

TEST(NetlinkAnswer, ThatIsBrokenOrTooLongFails) {
  NetlinkAnswer broken(kSequence, kPort);
  Bytes cut = message(20, {1, 2, 3, 4});
  cut.pop_back();
  EXPECT_FALSE(broken.add(cut));
  NetlinkAnswer lost(kSequence, kPort);
  EXPECT_FALSE(lost.add(message(NLMSG_OVERRUN, {})));
  NetlinkAnswer endless(kSequence, kPort);
  const Bytes large = message(20, Bytes(64 * 1024));
  std::size_t taken = 0;
  while (endless.add(large)) taken += large.size();
  EXPECT_LE(taken, NetlinkAnswer::kMostBytes);
  EXPECT_GT(taken + large.size(), NetlinkAnswer::kMostBytes);
}

TEST(NetlinkAnswer, CutAtEveryByteNeverCompletes) {
  const Bytes datagram = message(20, {1, 2, 3, 4}) + message(NLMSG_DONE, number(0));
  const std::size_t end = datagram.size();
  for (std::size_t length = 0; length < end; ++length) {
    NetlinkAnswer answer(kSequence, kPort);
    const auto state = answer.add(NetlinkBytes(datagram).first(length));
    if (state) {
      EXPECT_EQ(*state, State::kMore) << length;
    }
  }
}

}  // namespace
}  // namespace piman::agent
