// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <bit>
#include <clocale>
#include <cmath>
#include <cstdio>
#include <limits>
#include <locale>
#include <random>
#include <string>

#include "common/prom_text.h"
#include "common/text.h"

/// Numbers exactly as Go's strconv.FormatFloat(value, 'g', -1, 64).
namespace piman::prom_text {
namespace {

std::string text_of(double value) {
  std::string out;
  append_number(out, value);
  return out;
}
std::string text_of(std::uint64_t value) {
  std::string out;
  append_number(out, value);
  return out;
}

TEST(PromNumber, DoublesAsGoPrintsThem) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::vector<std::pair<double, const char*>> cases = {
      {0, "0"},
      {-0.0, "-0"},
      {1, "1"},
      {-1, "-1"},
      {10, "10"},
      {100000, "100000"},
      {999999, "999999"},
      {1e6, "1e+06"},
      {-1e6, "-1e+06"},
      {1000001, "1.000001e+06"},
      {1.234567e6, "1.234567e+06"},
      {1234567.5, "1.2345675e+06"},
      {1.6723456e10, "1.6723456e+10"},
      {1.7e9, "1.7e+09"},
      {1735689599.125, "1.735689599125e+09"},
      {0.0001, "0.0001"},
      {0.00012345, "0.00012345"},
      {0.00001, "1e-05"},
      {0.0000999, "9.99e-05"},
      {-0.00001, "-1e-05"},
      {0.1, "0.1"},
      {0.1 + 0.2, "0.30000000000000004"},
      {1.0 / 3, "0.3333333333333333"},
      {123456.789, "123456.789"},
      {999999.9999999999, "999999.9999999999"},
      {48.312, "48.312"},
      {5e-324, "5e-324"},
      {2.2250738585072014e-308, "2.2250738585072014e-308"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {1e15, "1e+15"},
      {999999999999999, "9.99999999999999e+14"},
      {1e16, "1e+16"},
      {1e21, "1e+21"},
      {1e22, "1e+22"},
      {1e23, "1e+23"},
      {1e100, "1e+100"},
      {1e-100, "1e-100"},
      {9007199254740991.0, "9.007199254740991e+15"},
      {9007199254740992.0, "9.007199254740992e+15"},
      {9007199254740993.0, "9.007199254740992e+15"},
      {18446744073709551615.0, "1.8446744073709552e+19"},
      {kInfinity, "+Inf"},
      {-kInfinity, "-Inf"},
      {std::numeric_limits<double>::quiet_NaN(), "NaN"},
      {-std::numeric_limits<double>::quiet_NaN(), "NaN"},
  };
  for (const auto& [value, wanted] : cases) EXPECT_EQ(text_of(value), wanted);
}

TEST(PromNumber, WholeNumbers) {
  const std::vector<std::pair<std::uint64_t, const char*>> cases = {
      {0, "0"},
      {7, "7"},
      {999999, "999999"},
      {1000000, "1e+06"},
      {1234567, "1.234567e+06"},
      {1200000, "1.2e+06"},
      {16723456000, "1.6723456e+10"},
      {999999999999999, "9.99999999999999e+14"},
      {1000000000000000, "1e+15"},
      {(1ULL << 53) - 1, "9.007199254740991e+15"},
      {1ULL << 53, "9.007199254740992e+15"},
      {(1ULL << 53) + 1, "9.007199254740992e+15"},
      {UINT64_MAX, "1.8446744073709552e+19"},
  };
  for (const auto& [value, wanted] : cases) EXPECT_EQ(text_of(value), wanted);
}

TEST(PromNumber, WholeNumbersAreTheSameEitherWay) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 200'000; ++i) {
    const std::uint64_t value = random() >> (random() % 64);
    ASSERT_EQ(text_of(value), text_of(static_cast<double>(value))) << value;
  }
  for (std::uint64_t power = 1; power < 10'000'000'000'000'000'000ULL; power *= 10) {
    for (const std::uint64_t value : {power - 1, power, power + 1, power * 5, power / 10 * 11}) {
      ASSERT_EQ(text_of(value), text_of(static_cast<double>(value))) << value;
    }
  }
}

/// The same by another road: the fewest digits that printf needs, laid out by Go's rule.
std::string slow_text(double value) {
  char digits[64];
  for (int precision = 0; precision < 17; ++precision) {
    std::snprintf(digits, sizeof digits, "%.*e", precision, value);
    if (parse_double(digits) == value) break;
  }
  std::string_view mantissa = digits;
  const int exponent = std::atoi(mantissa.substr(mantissa.find('e') + 1).data());
  if (exponent < -4 || exponent >= 6) return digits;
  const auto wanted = static_cast<int>(mantissa.find('e') - (mantissa.starts_with('-') ? 1 : 0));
  const int significant = wanted > 1 ? wanted - 1 : 1;  // less the point
  std::snprintf(digits, sizeof digits, "%.*f", std::max(0, significant - 1 - exponent), value);
  return digits;
}

void check(double value) {
  const std::string text = text_of(value);
  ASSERT_EQ(text, slow_text(value));
  ASSERT_EQ(parse_double(text), value) << text;
  ASSERT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
}

TEST(PromNumber, AnyDoubleReadsBackAndIsShortest) {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> exponent(-8, 18);
  std::uniform_real_distribution<double> unit(-1, 1);
  for (int i = 0; i < 20'000; ++i) {
    const double bits = std::bit_cast<double>(random());
    if (std::isfinite(bits)) check(bits);
    check(unit(random) * std::pow(10, exponent(random)));                                  // what is measured
    check(std::round(unit(random) * 1e6) / std::pow(10, static_cast<int>(random() % 9)));  // what has few digits
    check(std::floor(unit(random) * 1e17));
    if (HasFatalFailure()) return;
  }
}

TEST(PromNumber, NoLocaleMatters) {
  struct Comma : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new Comma));
  for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"}) {
    if (std::setlocale(LC_ALL, name) != nullptr) break;  // few machines have one
  }
  EXPECT_EQ(text_of(1234.5), "1234.5");
  EXPECT_EQ(text_of(1234567.5), "1.2345675e+06");
  EXPECT_EQ(text_of(std::uint64_t{12345678}), "1.2345678e+07");
  EXPECT_EQ(concat(1234567, ' ', 0.5), "1234567 0.5");
  EXPECT_EQ(parse_double("0.5"), 0.5);
  EXPECT_FALSE(parse_double("0,5"));
  std::locale::global(before);
  std::setlocale(LC_ALL, "C");
}

}  // namespace
}  // namespace piman::prom_text
