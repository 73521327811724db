// SPDX-License-Identifier: Apache-2.0
#include "node-agent/firmware_mailbox.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/node-agent/scripted_mailbox.h"
#include "tests/support/temp_tree.h"

namespace piman::agent {
namespace {

using test::TempTree;
using Words = std::vector<std::uint32_t>;

TEST(MailboxMessage, OneQuestion) {
  std::array<std::uint32_t, 1> words{0};
  const MailboxProperty property{MailboxTag::kThrottled, words};
  EXPECT_EQ(encode_mailbox_message({&property, 1}), (Words{28, 0, 0x00030046, 4, 0, 0, 0}));
}

TEST(MailboxMessage, TwoQuestions) {
  std::array<std::uint32_t, 2> arm{3, 0}, core{4, 0};
  const std::array<MailboxProperty, 2> properties = {
      {{MailboxTag::kMeasuredClock, arm}, {MailboxTag::kMeasuredClock, core}}};
  EXPECT_EQ(encode_mailbox_message(properties), (Words{52, 0, 0x00030047, 8, 0, 3, 0, 0x00030047, 8, 0, 4, 0, 0}));
}

TEST(MailboxMessage, NothingOrTooMuchToAsk) {
  EXPECT_FALSE(encode_mailbox_message({}));
  Words words(2000);
  const MailboxProperty property{MailboxTag::kCommand, words};
  EXPECT_FALSE(encode_mailbox_message({&property, 1}));
}

TEST(MailboxMessage, Answers) {
  std::array<std::uint32_t, 2> arm{3, 0}, core{4, 0};
  std::array<MailboxProperty, 2> properties = {{{MailboxTag::kMeasuredClock, arm}, {MailboxTag::kMeasuredClock, core}}};
  const Words message = {52, 0x80000000, 0x00030047, 8, 0x80000008, 3, 600000000, 0x00030047, 8, 0, 4, 77, 0};
  ASSERT_TRUE(decode_mailbox_message(message, properties));
  EXPECT_EQ(properties[0].answered, 2U);
  EXPECT_EQ(arm[1], 600000000U);
  EXPECT_EQ(properties[1].answered, 0U);  // the firmware did not touch it
  EXPECT_EQ(core[1], 0U);
}

TEST(MailboxMessage, ALongerAnswerThanThereIsRoomFor) {
  std::array<std::uint32_t, 1> words{7};
  MailboxProperty property{MailboxTag::kFirmwareVariant, words};
  const Words message = {28, 0x80000000, 2, 4, 0x80000000 | 4096, 1, 0};
  ASSERT_TRUE(decode_mailbox_message(message, {&property, 1}));
  EXPECT_EQ(property.answered, 1U);
  EXPECT_EQ(words[0], 1U);
}

TEST(MailboxMessage, NotAnAnswer) {
  std::array<std::uint32_t, 1> words{7};
  MailboxProperty property{MailboxTag::kFirmwareVariant, words};
  for (const Words& message :
       {Words{28, 0, 2, 4, 0x80000004, 1, 0}, Words{28, 0x80000001, 2, 4, 0x80000004, 1, 0},
        Words{28, 0x80000000, 3, 4, 0x80000004, 1, 0}, Words{28, 0x80000000, 2, 8, 0x80000004, 1, 0},
        Words{28, 0x80000000, 2, 4, 0x80000004}, Words{28, 0x80000000}, Words{28}, Words{}}) {
    EXPECT_FALSE(decode_mailbox_message(message, {&property, 1}));
    EXPECT_EQ(words[0], 7U);
  }
}

TEST(MailboxMessage, AnyWordsAreTaken) {
  std::mt19937 random(5);
  for (int i = 0; i < 20000; ++i) {
    std::array<std::uint32_t, 3> words{};
    MailboxProperty property{MailboxTag::kVoltage, words};
    Words message(random() % 12);
    for (std::uint32_t& word : message) word = static_cast<std::uint32_t>(random());
    if (message.size() > 4) message[1] = 0x80000000, message[2] = 0x00030003, message[3] = 12;
    decode_mailbox_message(message, {&property, 1});
    EXPECT_LE(property.answered, 3U);
  }
}

TEST(FirmwareMailbox, WordsAndCommands) {
  const auto script = std::make_shared<MailboxScript>();
  script->words[MailboxTag::kFirmwareHash] = {1, 2, 3, 4, 5};
  script->commands["measure_temp pmic"] = "temp=45.2'C";
  ScriptedMailbox mailbox(script);
  const auto hash = mailbox.ask_words<5>(MailboxTag::kFirmwareHash, {});
  ASSERT_TRUE(hash && *hash);
  EXPECT_EQ((**hash)[4], 5U);
  EXPECT_FALSE(*mailbox.ask_words<1>(MailboxTag::kFirmwareVariant, {0}));
  EXPECT_FALSE(*mailbox.ask_words<2>(MailboxTag::kTemperature, {0, 0}));
  EXPECT_EQ(**mailbox.ask_command("measure_temp pmic"), "temp=45.2'C");
  EXPECT_FALSE(*mailbox.ask_command("measure_temp"));
  EXPECT_FALSE(mailbox.ask_command(std::string(2000, 'x')));
}

TEST(FirmwareMailbox, AnAnswerWithFewerWordsIsNone) {
  const auto script = std::make_shared<MailboxScript>();
  script->words[MailboxTag::kFirmwareHash] = {1, 2, 3};
  ScriptedMailbox mailbox(script);
  EXPECT_FALSE(*mailbox.ask_words<5>(MailboxTag::kFirmwareHash, {}));
}

TEST(FirmwareMailbox, ALongCommandAnswerIsCut) {
  const auto script = std::make_shared<MailboxScript>();
  script->commands["long"] = std::string(5000, 'x');
  ScriptedMailbox mailbox(script);
  EXPECT_EQ(mailbox.ask_command("long")->value().size(), 1023U);
}

TEST(VcioMailbox, AbsentOnOtherMachines) {
  TempTree tree;
  VcioMailbox mailbox(tree.path("dev/vcio"));
  const auto word = mailbox.ask_words<1>(MailboxTag::kThrottled, {0});
  ASSERT_TRUE(word);
  EXPECT_FALSE(*word);
}

TEST(VcioMailbox, SomethingElseInItsPlaceIsAnError) {
  TempTree tree({{"dev/vcio", "not a device"}});
  VcioMailbox mailbox(tree.path("dev/vcio"));
  const auto word = mailbox.ask_words<1>(MailboxTag::kThrottled, {0});
  ASSERT_FALSE(word);
  EXPECT_EQ(word.error().message, "asking " + tree.path("dev/vcio") + ": Inappropriate ioctl for device");
}

}  // namespace
}  // namespace piman::agent
