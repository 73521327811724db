// SPDX-License-Identifier: Apache-2.0
#include "common/http_date.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "common/text.h"

namespace piman::http {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::string two_digits(unsigned value) { return concat(value < 10 ? "0" : "", value); }

/// Exactly `digits` decimal digits.
std::optional<unsigned> fixed_number(std::string_view text, std::size_t digits) {
  return text.size() == digits ? parse_number<unsigned>(text) : std::nullopt;
}

std::optional<unsigned> month_number(std::string_view name) {
  const auto* const found = std::find(kMonths.begin(), kMonths.end(), name);
  if (found == kMonths.end()) return std::nullopt;
  return static_cast<unsigned>(found - kMonths.begin()) + 1;
}

std::optional<std::chrono::seconds> time_of_day(std::string_view text) {
  const auto hour = fixed_number(next_until(text, ':'), 2);
  const auto minute = fixed_number(next_until(text, ':'), 2);
  const auto second = fixed_number(text, 2);
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;  // 60: a leap
  return std::chrono::seconds((*hour * 60 + *minute) * 60 + *second);
}

std::optional<WallTime> make_time(std::optional<unsigned> year, std::optional<unsigned> month,
                                  std::optional<unsigned> day, std::string_view time) {
  const auto of_day = time_of_day(time);
  if (!year || !month || !day || !of_day || *year < 1970 || *year > 2200) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                                         std::chrono::day(*day)};
  if (!date.ok()) return std::nullopt;
  return WallTime(std::chrono::sys_days(date)) + *of_day;
}

}  // namespace

std::string format_http_date(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto days = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(days);
  const auto of_day = static_cast<unsigned>((seconds - days).count());
  return concat(kDays[std::chrono::weekday(days).c_encoding()], ", ", two_digits(static_cast<unsigned>(date.day())),
                ' ', kMonths[static_cast<unsigned>(date.month()) - 1], ' ', static_cast<int>(date.year()), ' ',
                two_digits(of_day / 3600), ':', two_digits(of_day / 60 % 60), ':', two_digits(of_day % 60), " GMT");
}

std::optional<WallTime> parse_http_date(std::string_view text) {
  std::array<std::string_view, 6> fields;
  std::size_t count = 0;
  while (count < fields.size()) {
    fields[count] = next_field(text);
    if (fields[count].empty()) break;
    ++count;
  }
  if (count == 6 && text.empty() && fields[0].ends_with(',') && fields[5] == "GMT") {
    return make_time(fixed_number(fields[3], 4), month_number(fields[2]), fixed_number(fields[1], 2), fields[4]);
  }
  if (count == 4 && fields[0].ends_with(',') && fields[3] == "GMT") {
    std::string_view date = fields[1];
    const auto day = fixed_number(next_until(date, '-'), 2);
    const auto month = month_number(next_until(date, '-'));
    auto year = fixed_number(date, 2);
    if (year) *year += *year < 70 ? 2000U : 1900U;
    return make_time(year, month, day, fields[2]);
  }
  if (count == 5 && fields[2].size() <= 2) {
    return make_time(fixed_number(fields[4], 4), month_number(fields[1]), parse_number<unsigned>(fields[2]), fields[3]);
  }
  return std::nullopt;
}

}  // namespace piman::http
