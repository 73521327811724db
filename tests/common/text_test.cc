// SPDX-License-Identifier: Apache-2.0
#include "common/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace piman {
namespace {

using namespace std::string_literals;

TEST(ParsePrefixed, TakesTheBaseFromThePrefix) {
  EXPECT_EQ(parse_prefixed_i64("0x1003"), 0x1003);
  EXPECT_EQ(parse_prefixed_i64("0X1f"), 0x1f);
  EXPECT_EQ(parse_prefixed_i64("0644"), 0644);
  EXPECT_EQ(parse_prefixed_i64("0"), 0);
  EXPECT_EQ(parse_prefixed_i64("-1"), -1);
  EXPECT_EQ(parse_prefixed_i64("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(parse_prefixed_i64("-9223372036854775808"), INT64_MIN);
  for (const char* bad : {"", "-", "0x", "08", "1 ", " 1", "1a", "--1", "9223372036854775808", "-9223372036854775809",
                          "0x10000000000000000"}) {
    EXPECT_EQ(parse_prefixed_i64(bad), std::nullopt) << bad;
  }
}

TEST(ParseNumber, UnsignedTakesDigitsOnly) {
  EXPECT_EQ(parse_u64("0"), 0U);
  EXPECT_EQ(parse_u64("00042"), 42U);
  EXPECT_EQ(parse_u64("18446744073709551615"), UINT64_MAX);
  for (const char* bad : {"", " 1", "1 ", "+1", "-1", "-0", "1.0", "1e3", "0x10", "18446744073709551616", "١"}) {
    EXPECT_FALSE(parse_u64(bad)) << bad;
  }
}

TEST(ParseNumber, Signed) {
  EXPECT_EQ(parse_i64("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(parse_i64("9223372036854775807"), INT64_MAX);
  for (const char* bad : {"", "-", "+1", "--1", "9223372036854775808", "1\n"}) EXPECT_FALSE(parse_i64(bad)) << bad;
}

TEST(ParseNumber, Narrow) {
  EXPECT_EQ(parse_number<std::uint8_t>("255"), 255);
  EXPECT_FALSE(parse_number<std::uint8_t>("256"));
}

TEST(ParseNumber, Double) {
  EXPECT_EQ(parse_double("1e9"), 1e9);
  EXPECT_EQ(parse_double("-0.5"), -0.5);
  EXPECT_EQ(parse_double("5e-324"), 5e-324);
  EXPECT_TRUE(std::isnan(parse_double("nan").value_or(0)));
  EXPECT_EQ(parse_double("-inf"), -INFINITY);
  for (const char* bad : {"", ".", "1,5", "1.5 ", "+1", "0x1p3", "1e999", "1e", "e5"}) {
    EXPECT_FALSE(parse_double(bad)) << bad;
  }
}

TEST(ParseNumber, Hex) {
  EXPECT_EQ(parse_hex("ff"), 255U);
  EXPECT_EQ(parse_hex("FFFFFFFFFFFFFFFF"), UINT64_MAX);
  for (const char* bad : {"", "0x1", "g", "-1", "10000000000000000"}) EXPECT_FALSE(parse_hex(bad)) << bad;
}

TEST(Fields, SplitAtBlanksAndTabs) {
  std::string_view rest = "  cpu\t 12   34 ";
  EXPECT_EQ(next_field(rest), "cpu");
  EXPECT_EQ(next_field(rest), "12");
  EXPECT_EQ(next_field(rest), "34");
  EXPECT_EQ(next_field(rest), "");
  EXPECT_EQ(next_field(rest), "");
}

TEST(Fields, LinesOfEveryKind) {
  const auto lines = [](std::string_view rest) {
    std::vector<std::string> found;
    while (!rest.empty()) found.emplace_back(next_line(rest));
    return found;
  };
  EXPECT_EQ(lines("a\nb\n"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(lines("a\r\nb"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(lines("\n\nb"), (std::vector<std::string>{"", "", "b"}));
  EXPECT_EQ(lines("a\rb\n"), (std::vector<std::string>{"a\rb"}));
  EXPECT_TRUE(lines("").empty());
}

TEST(Fields, UntilASeparator) {
  std::string_view rest = "key=value=more";
  EXPECT_EQ(next_until(rest, '='), "key");
  EXPECT_EQ(next_until(rest, '='), "value");
  EXPECT_EQ(next_until(rest, '='), "more");
  EXPECT_EQ(next_until(rest, '='), "");
}

TEST(Trim, TakesNulsToo) {
  EXPECT_EQ(trim("\t Raspberry Pi 4 Model B\0"s), "Raspberry Pi 4 Model B");
  EXPECT_EQ(trim("\r\n a b \n\0\0"s), "a b");
  EXPECT_EQ(trim(" \n\0"s), "");
  EXPECT_EQ(trim("a\0b"s), "a\0b"s);
}

TEST(Case, AsciiOnly) {
  EXPECT_TRUE(equals_ignoring_case("Content-LENGTH", "content-length"));
  EXPECT_FALSE(equals_ignoring_case("a", "ab"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));  // 0x20 apart, as letters are
  EXPECT_EQ(to_lower("ÄBC@[`{"), "Äbc@[`{");
}

TEST(Quote, HidesWhatATerminalWouldObey) {
  EXPECT_EQ(quote(""), R"("")");
  EXPECT_EQ(quote("plain text"), R"("plain text")");
  EXPECT_EQ(quote("a\nb\x1b[2J\x7f\xff\0"s), R"("a\x0ab\x1b[2J\x7f\xff\x00")");
  EXPECT_EQ(quote(R"(say "hi"\)"), R"("say \x22hi\x22\x5c")");
}

TEST(Quote, CutsAtEightyBytes) {
  EXPECT_EQ(quote(std::string(80, 'x')), concat('"', std::string(80, 'x'), '"'));
  EXPECT_EQ(quote(std::string(81, 'x')), concat('"', std::string(80, 'x'), "...\""));
}

TEST(Concat, JoinsTextsAndNumbers) {
  EXPECT_EQ(concat("port ", 70000, ' ', -1, ' ', 0.5, ' ', UINT64_MAX, std::string("!"), std::string_view("?")),
            "port 70000 -1 0.5 18446744073709551615!?");
  EXPECT_EQ(concat(), "");
}

std::string encoded(std::uint32_t code) {
  const auto tail = [&](unsigned shift) { return static_cast<char>(0x80U | ((code >> shift) & 0x3FU)); };
  if (code < 0x80) return {static_cast<char>(code)};
  if (code < 0x800) return {static_cast<char>(0xC0U | (code >> 6U)), tail(0)};
  if (code < 0x10000) return {static_cast<char>(0xE0U | (code >> 12U)), tail(6), tail(0)};
  return {static_cast<char>(0xF0U | (code >> 18U)), tail(12), tail(6), tail(0)};
}

TEST(Utf8, EveryCodePointButSurrogatesIsValid) {
  for (std::uint32_t code = 0; code <= 0x120000; ++code) {
    const bool is_character = code <= 0x10FFFF && !(code >= 0xD800 && code <= 0xDFFF);
    ASSERT_EQ(is_valid_utf8(encoded(code)), is_character) << std::hex << code;
  }
}

TEST(Utf8, EveryTruncationIsInvalid) {
  for (const std::uint32_t code : {0x80U, 0x7FFU, 0x800U, 0xFFFFU, 0x10000U, 0x10FFFFU}) {
    const std::string whole = encoded(code);
    for (std::size_t length = 1; length < whole.size(); ++length) {
      EXPECT_FALSE(is_valid_utf8(whole.substr(0, length))) << std::hex << code;
      EXPECT_FALSE(is_valid_utf8(whole.substr(0, length) + "a")) << std::hex << code;
    }
  }
}

TEST(Utf8, ReplacesByteForByte) {
  const std::string bad = "\xEF\xBF\xBD";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},
      {"Zürich €", "Zürich €"},
      {"a\xFFz", "a" + bad + "z"},
      {"\xC0\x80", bad + bad},                      // overlong NUL
      {"\xE0\x80\x80", bad + bad + bad},            // overlong
      {"\xED\xA0\x80", bad + bad + bad},            // surrogate
      {"\xF4\x90\x80\x80", bad + bad + bad + bad},  // above U+10FFFF
      {"\xE2\x82", bad + bad},                      // cut off
      {"\xE2\x82\xE2\x82\xAC", bad + bad + "€"},
      {"\0"s, "\0"s},
  };
  for (const auto& [given, wanted] : cases) EXPECT_EQ(to_valid_utf8(given), wanted) << quote(given);
}

TEST(Utf8, AnyThreeBytesBecomeValidAndStaySo) {
  // All pairs of bytes behind each kind of lead byte.
  for (const unsigned lead : {0x41U, 0x80U, 0xC1U, 0xC2U, 0xE0U, 0xE1U, 0xEDU, 0xF0U, 0xF4U, 0xF5U, 0xFFU}) {
    for (unsigned pair = 0; pair < 0x10000; ++pair) {
      const std::string text = {static_cast<char>(lead), static_cast<char>(pair >> 8U),
                                static_cast<char>(pair & 0xFFU)};
      const std::string clean = to_valid_utf8(text);
      ASSERT_TRUE(is_valid_utf8(clean)) << quote(text);
      ASSERT_EQ(to_valid_utf8(clean), clean) << quote(text);
      ASSERT_EQ(clean == text, is_valid_utf8(text)) << quote(text);
    }
  }
}

TEST(Text, AnErrnoHasWordsAndAStrangeOneToo) {
  EXPECT_EQ(words_of_errno(13), "Permission denied");
  EXPECT_EQ(words_of_errno(1'000'000), "unknown error");
  EXPECT_EQ(words_of_errno(-5), "unknown error");
}

}  // namespace
}  // namespace piman
