// SPDX-License-Identifier: Apache-2.0
#include "node-agent/name_pattern.h"

#include <gtest/gtest.h>
#include <regex.h>

#include <array>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "common/text.h"
#include "node-agent/all_collectors.h"

namespace piman::agent {
namespace {

/// The C library's answer; nothing when it refuses the expression.
std::optional<std::vector<bool>> oracle(const std::string& expression, const std::vector<std::string>& names) {
  ::regex_t raw;
  if (::regcomp(&raw, expression.c_str(), REG_EXTENDED | REG_NOSUB) != 0) return std::nullopt;
  std::vector<bool> answers;
  for (const std::string& name : names) answers.push_back(::regexec(&raw, name.c_str(), 0, nullptr, 0) == 0);
  ::regfree(&raw);
  return answers;
}

bool matches(std::string_view expression, std::string_view name) {
  const auto pattern = NamePattern::parse(expression);
  EXPECT_TRUE(pattern) << expression;
  return pattern && pattern->matches(name);
}

TEST(NamePattern, Matches) {
  EXPECT_TRUE(matches("^eth", "eth0"));
  EXPECT_FALSE(matches("^eth", "veth0"));
  EXPECT_TRUE(matches("eth", "veth0"));
  EXPECT_TRUE(matches("^(veth|docker|br-).*", "br-12"));
  EXPECT_TRUE(matches("0$", "eth10"));
  EXPECT_FALSE(matches("0$", "eth01"));
  EXPECT_TRUE(matches("^colou?r$", "color"));
  EXPECT_TRUE(matches("^colou?r$", "colour"));
  EXPECT_TRUE(matches("^a.*b.*c$", "aXbXcXbc"));
  EXPECT_FALSE(matches("^a.*b.*c$", "aXcXb"));
  EXPECT_TRUE(matches("^sd[a-z]\\d*$", "sda12"));
  EXPECT_FALSE(matches("^sd[^a-c]$", "sda"));
  EXPECT_TRUE(matches("^/(dev|proc)($|/)", "/dev"));
  EXPECT_TRUE(matches("^/(dev|proc)($|/)", "/proc/1"));
  EXPECT_FALSE(matches("^/(dev|proc)($|/)", "/device"));
  EXPECT_TRUE(matches("^$", ""));
  EXPECT_FALSE(matches("^$", "x"));
  EXPECT_TRUE(matches(".*", ""));
}

TEST(NamePattern, LeavesTheRestToARegexEngine) {
  for (const char* expression :
       {"",      "(",     ")",   "a)",  "(a",   "|",  "a|",          "(|a)",    "()",           "*",     "a**", "a{2}",
        "(ab)*", "(ab)+", "[",   "[]",  "[]a]", "[a", "[[:digit:]]", "[\\d]",   "[z-a]",        "[+-9]", "\\",  "\\b",
        "\\<",   "\\1",   "a^b", "a$b", "^*",   "$+", "[a-z]*b",     "[0-9]+.", "[a-z]*[0-9]*", "(?i)a"}) {
    EXPECT_FALSE(NamePattern::parse(expression)) << expression;
  }
  std::string wide = "^";
  for (int i = 0; i < 8; ++i) wide += "(a|b)";
  EXPECT_FALSE(NamePattern::parse(wide)) << "256 alternatives";
  EXPECT_FALSE(NamePattern::parse(std::string(1000, 'a')));
  EXPECT_FALSE(NamePattern::parse(std::string(100, '(') + "a" + std::string(100, ')')));
}

/// The defaults are why this exists: one that it cannot take would cost every start of the agent again.
TEST(NamePattern, TakesTheDefaultsOfAllCollectors) {
  for (const CollectorOption& option : all_collector_options()) {
    if (option.value_name != "REGEX" || option.default_value.empty()) continue;
    EXPECT_TRUE(NamePattern::parse(option.default_value)) << option.name;
  }
}

TEST(NamePattern, AgreesWithTheCLibraryOnTheDefaults) {
  std::mt19937 random(7);
  for (const CollectorOption& option : all_collector_options()) {
    const std::string expression(option.default_value);
    const auto pattern = NamePattern::parse(expression);
    if (option.value_name != "REGEX" || !pattern || expression.find("\\d") != expression.npos) continue;
    // Pieces of the expression itself come near to what it matches.
    std::vector<std::string> names = {"", "lo", "eth0", "Tcp_InSegs", "Ip6_InOctets", "pgpgin", "/dev", "/run/lock"};
    for (int i = 0; i < 400; ++i) {
      std::string name;
      for (std::size_t pieces = 1 + random() % 3; pieces > 0; --pieces) {
        std::string_view rest = expression;
        rest.remove_prefix(random() % expression.size());
        rest = rest.substr(0, rest.find_first_of("()|^$[]", 1));
        for (const char c : rest) {
          if (std::string_view("()|^$[]?*.\\").find(c) == std::string_view::npos) name += c;
        }
      }
      names.push_back(name);
    }
    const auto expected = oracle(expression, names);
    ASSERT_TRUE(expected);
    for (std::size_t i = 0; i < names.size(); ++i) {
      EXPECT_EQ(pattern->matches(names[i]), (*expected)[i]) << option.name << ' ' << quote(names[i]);
    }
  }
}

TEST(NamePattern, AgreesWithTheCLibraryOnRandomExpressions) {
  constexpr std::array kParts = {"a",       "b",      "c",      "ab", ".",  ".*",     ".+",      "a?",   "b*",
                                 "[ab]",    "[^a]",   "[a-b]+", "(",  ")",  "|",      "^",       "$",    "(a|b)",
                                 "(ab|c)?", "(a|^b)", "\\.",    "c+", "b?", "(c$|a)", "(.*b|c)", "[ac]*"};
  std::mt19937 random(11);
  int compared = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string expression;
    for (std::size_t count = 1 + random() % 7; count > 0; --count) expression += kParts[random() % kParts.size()];
    const auto pattern = NamePattern::parse(expression);
    if (!pattern) continue;
    std::vector<std::string> names = {""};
    for (int i = 0; i < 12; ++i) {
      std::string& name = names.emplace_back(random() % 7, 'a');
      for (char& c : name) c = "abc."[random() % 4];
    }
    const auto expected = oracle(expression, names);
    ASSERT_TRUE(expected) << expression << ": taken, though the C library refuses it";
    for (std::size_t i = 0; i < names.size(); ++i) {
      ASSERT_EQ(pattern->matches(names[i]), (*expected)[i]) << quote(expression) << ' ' << quote(names[i]);
    }
    ++compared;
  }
  EXPECT_GT(compared, 5000);
}

TEST(NamePattern, TruncatedExpressions) {
  const std::string whole = "^(a|b[c-d]+e|\\d*f)(g?|.*)h$";
  for (std::size_t length = 0; length <= whole.size(); ++length) NamePattern::parse(whole.substr(0, length));
}

}  // namespace
}  // namespace piman::agent
