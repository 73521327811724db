// SPDX-License-Identifier: Apache-2.0
#include "netboot/console.h"

#include <gmock/gmock.h>

#include <random>

#include "common/text.h"

namespace piman::netboot {
namespace {

using namespace std::string_view_literals;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

const SteadyTime kBegin{seconds(1000)};
const Ipv4Address kOne{0x0a000001}, kTwo{0x0a000002};

std::vector<std::string> texts(const std::vector<ConsoleLine>& lines) {
  std::vector<std::string> out;
  for (const ConsoleLine& line : lines) out.push_back(line.text);
  return out;
}

class ConsoleTest : public testing::Test {
 protected:
  std::vector<std::string> feed(std::string_view bytes, Ipv4Address client = kOne) {
    const ConsoleOutput out = lines_.feed(client, bytes, now_);
    for (const ConsoleLine& line : out.lines) EXPECT_EQ(line.client, client);
    EXPECT_FALSE(out.drop);
    return texts(out.lines);
  }

  ConsoleLines lines_;
  SteadyTime now_ = kBegin;
};

TEST_F(ConsoleTest, ADatagramMayHoldSeveralLinesOrAPartOfOne) {
  EXPECT_THAT(feed("Boot mode: NETWORK (02)\r\nNET_BOOT: start\n"),
              ElementsAre("Boot mode: NETWORK (02)", "NET_BOOT: start"));
  EXPECT_THAT(feed("TFTP_"), IsEmpty());
  EXPECT_THAT(feed("GET: "), IsEmpty());
  EXPECT_THAT(feed("start4.elf\nnext"), ElementsAre("TFTP_GET: start4.elf"));
  EXPECT_THAT(feed("\n"), ElementsAre("next"));
}

TEST_F(ConsoleTest, EmptyLinesAreLeftAway) {
  EXPECT_THAT(feed("\n\r\n\r\r\n   \n\t\nx  \n\n"), ElementsAre("x"));
  EXPECT_THAT(feed(""), IsEmpty());
}

TEST_F(ConsoleTest, ClientsDoNotMix) {
  EXPECT_THAT(feed("one", kOne), IsEmpty());
  EXPECT_THAT(feed("two\n", kTwo), ElementsAre("two"));
  EXPECT_THAT(feed(" more\n", kOne), ElementsAre("one more"));
}

TEST_F(ConsoleTest, WhatIsNotPrintableIsShownAsSuch) {
  EXPECT_THAT(feed("a\tb\x01\x7f\x80\xff\n"), ElementsAre("a b????"));
  EXPECT_THAT(feed("nul\0ends\n"sv), ElementsAre("nul", "ends"));
}

TEST_F(ConsoleTest, EscapeSequencesGo) {
  EXPECT_THAT(feed("\x1b[2J\x1b[1;31mred\x1b[0m text\x1b"
                   "c\n"),
              ElementsAre("red text"));
  EXPECT_THAT(feed("cut \x1b"), IsEmpty());
  EXPECT_THAT(feed("[1"), IsEmpty());
  EXPECT_THAT(feed("mhere\n"), ElementsAre("cut here"));
  EXPECT_THAT(feed("unended \x1b[1;1\nnext\n"), ElementsAre("unended", "next")) << "a line end ends it";
  EXPECT_THAT(feed("unended \x1b\nnext\n"), ElementsAre("unended", "next"));
}

TEST_F(ConsoleTest, LongLinesAreCut) {
  const std::string whole(240, 'x');
  EXPECT_THAT(feed(concat(whole, "\n")), ElementsAre(whole));
  EXPECT_THAT(feed(concat(whole, whole, "y\n")), ElementsAre(whole, whole, "y"));
}

TEST_F(ConsoleTest, AnUnfinishedLineIsALineAfterAWhile) {
  EXPECT_FALSE(lines_.next_flush());
  feed("half");
  ASSERT_EQ(lines_.next_flush(), kBegin + seconds(2));
  now_ += milliseconds(1999);
  EXPECT_THAT(lines_.flush(now_), IsEmpty());
  feed(" more");
  ASSERT_EQ(lines_.next_flush(), now_ + seconds(2));
  now_ += seconds(2);
  EXPECT_THAT(texts(lines_.flush(now_)), ElementsAre("half more"));
  EXPECT_THAT(feed("new\n"), ElementsAre("new"));
}

TEST_F(ConsoleTest, AQuietClientIsForgotten) {
  feed("x\n");
  ASSERT_EQ(lines_.next_flush(), kBegin + seconds(60));
  lines_.flush(kBegin + seconds(59));
  EXPECT_EQ(lines_.clients(), 1U);
  lines_.flush(kBegin + seconds(60));
  EXPECT_EQ(lines_.clients(), 0U);
  EXPECT_FALSE(lines_.next_flush());
}

TEST_F(ConsoleTest, ATooFastClientIsCutAndComesBack) {
  std::size_t lines = 0;
  bool dropped = false;
  for (int i = 0; i < 2000; ++i) {
    const ConsoleOutput out = lines_.feed(kOne, "line\n", now_);
    lines += out.lines.size();
    if (out.drop) {
      EXPECT_EQ(word(*out.drop), "too_fast");
      dropped = true;
    }
  }
  EXPECT_EQ(lines, 500U);
  EXPECT_TRUE(dropped);
  EXPECT_THAT(feed("other\n", kTwo), ElementsAre("other")) << "others are not held to it";
  now_ += seconds(1);
  lines = 0;
  for (int i = 0; i < 2000; ++i) lines += lines_.feed(kOne, "line\n", now_).lines.size();
  EXPECT_EQ(lines, 50U);
  now_ += seconds(1000);
  lines = 0;
  for (int i = 0; i < 2000; ++i) lines += lines_.feed(kOne, "line\n", now_).lines.size();
  EXPECT_EQ(lines, 500U) << "patience is not saved up";
}

TEST_F(ConsoleTest, OneHugeDatagramIsNoWayAround) {
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += "x\n";
  const ConsoleOutput out = lines_.feed(kOne, many, now_);
  EXPECT_EQ(out.lines.size(), 500U);
  EXPECT_EQ(out.drop, ConsoleDrop::kTooFast);
}

TEST_F(ConsoleTest, NoMoreClientsThanAreAllowed) {
  for (std::uint32_t i = 0; i < 2048; ++i) lines_.feed(Ipv4Address(i + 1), "half", now_);
  EXPECT_EQ(lines_.clients(), 2048U);
  const ConsoleOutput refused = lines_.feed(Ipv4Address(5000), "x\n", now_);
  EXPECT_THAT(refused.lines, IsEmpty());
  EXPECT_EQ(word(*refused.drop), "too_many_clients");
  EXPECT_THAT(feed(" more\n", Ipv4Address(1)), ElementsAre("half more")) << "a flood tears no line";
  now_ += seconds(3);
  EXPECT_THAT(feed("x\n", Ipv4Address(5000)), ElementsAre("x")) << "in the place of who was quiet for longest";
  EXPECT_EQ(lines_.clients(), 2048U);
  EXPECT_THAT(feed("y\n", Ipv4Address(2)), ElementsAre("y")) << "which was this one: its half line is gone";
}

TEST_F(ConsoleTest, AnythingFedStaysWithinItsBounds) {
  constexpr std::string_view kTelling = "\n\r\x1b[m;\0"sv;
  std::mt19937 random(6666);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random() % 600, '\0');
    for (char& byte : bytes) {
      byte = random() % 4 == 0 ? kTelling[random() % kTelling.size()] : static_cast<char>(random());
    }
    now_ += milliseconds(random() % 100);
    const ConsoleOutput out = lines_.feed(Ipv4Address(static_cast<std::uint32_t>(random() % 5000)), bytes, now_);
    std::vector<ConsoleLine> all = out.lines;
    if (i % 50 == 0) {
      for (ConsoleLine& line : lines_.flush(now_)) all.push_back(std::move(line));
    }
    for (const ConsoleLine& line : all) {
      ASSERT_FALSE(line.text.empty());
      ASSERT_LE(line.text.size(), 240U);
      for (const char c : line.text) ASSERT_TRUE(c >= ' ' && c <= '~');
    }
    ASSERT_LE(lines_.clients(), 2048U);
  }
}

}  // namespace
}  // namespace piman::netboot
