// SPDX-License-Identifier: Apache-2.0
#include "manager/init/interview.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace piman::manager {
namespace {

using ::testing::HasSubstr;

/// Somebody who types these lines and then nothing more.
struct Person {
  std::deque<std::string> lines;
  std::string heard;

  Interview interview() {
    return Interview(
        [this]() -> std::optional<std::string> {
          if (lines.empty()) return std::nullopt;
          std::string line = lines.front();
          lines.pop_front();
          return line;
        },
        [this](const std::string& words) { heard += words; });
  }
};

Question number(std::optional<std::string> proposal = std::nullopt) {
  return {"How many?", "--many", std::move(proposal), [](std::string_view answer) {
            return answer == "1" || answer == "2" ? Result<void>() : Result<void>(fail("is not 1 or 2"));
          }};
}

TEST(Interview, TakesAnAnswerOrTheProposal) {
  Person person{{" 2 \r\n", "\n"}, {}};
  Interview interview = person.interview();
  EXPECT_EQ(interview.ask(number(), std::nullopt).value(), "2");
  EXPECT_EQ(interview.ask(number("1"), std::nullopt).value(), "1");
  EXPECT_THAT(person.heard, HasSubstr("How many? [1] "));
}

TEST(Interview, SaysWhatIsWrongAndAsksAgainButNotForEver) {
  Person person{{"3", "", "2"}, {}};
  EXPECT_EQ(person.interview().ask(number(), std::nullopt).value(), "2");
  EXPECT_THAT(person.heard, HasSubstr("is not 1 or 2"));
  Person fool{std::deque<std::string>(100, "x"), {}};
  const auto answer = fool.interview().ask(number("1"), std::nullopt);
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("--many"));
  EXPECT_EQ(fool.lines.size(), 95U);
}

TEST(Interview, TheEndOfTheInputIsNoAnswer) {
  Person person;
  EXPECT_FALSE(person.interview().ask(number("1"), std::nullopt));
}

TEST(Interview, WhatAFlagSaidIsNotAskedFor) {
  Person person;
  EXPECT_EQ(person.interview().ask(number(), "2").value(), "2");
  const auto answer = person.interview().ask(number("1"), "3");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "--many: is not 1 or 2");
  EXPECT_EQ(person.heard, "");
}

TEST(Interview, WithoutAPersonOnlyProposalsAnswer) {
  Interview nobody(nullptr, nullptr);
  EXPECT_EQ(nobody.ask(number("1"), std::nullopt).value(), "1");
  EXPECT_EQ(nobody.ask(number("1"), "2").value(), "2");
  const auto answer = nobody.ask(number(), std::nullopt);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "--many is needed: How many?");
}

}  // namespace
}  // namespace piman::manager
