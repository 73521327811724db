// SPDX-License-Identifier: Apache-2.0
#include "manager/terminal.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "common/text.h"

namespace piman::manager {
namespace {

/// Columns on a terminal: code points, for a table of names needs no more.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

void replace_in(std::string& text, std::string_view from, std::string_view to) {
  if (const std::size_t at = text.find(from); at != std::string::npos) text.replace(at, from.size(), to);
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out = to_valid_utf8(text);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return out;
}

std::string short_duration(double seconds) {
  if (!std::isfinite(seconds)) return std::string(kUnknown);
  const auto total = static_cast<std::int64_t>(std::clamp(seconds, 0.0, 1e12));
  constexpr std::int64_t kMinute = 60, kHour = 3600, kDay = 86400;
  const auto two = [](std::int64_t large, char unit, std::int64_t small, char small_unit) {
    return small == 0 ? concat(large, unit) : concat(large, unit, small, small_unit);
  };
  if (total < kMinute) return concat(total, 's');
  if (total < kHour) return concat(total / kMinute, 'm');
  if (total < kDay) return two(total / kHour, 'h', total % kHour / kMinute, 'm');
  return two(total / kDay, 'd', total % kDay / kHour, 'h');
}

std::string short_bytes(double bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  for (; bytes >= 999.5 && unit + 1 < kUnits.size(); ++unit) bytes /= 1000;
  const bool whole = unit == 0 || bytes >= 99.95;
  return concat(whole ? std::round(bytes) : std::round(bytes * 10) / 10, ' ', kUnits[unit]);
}

std::string local_time(WallTime time) {
  const std::time_t whole = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  std::array<char, 32> text{};
  ::localtime_r(&whole, &parts);
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts)};
}

std::string_view phase_colour(std::string_view phase) {
  if (phase == "up") return "\x1b[32m";
  if (phase == "down" || phase == "failed" || phase == "quarantined") return "\x1b[31m";
  if (phase == "agent-down") return "\x1b[33m";
  return phase == "pending" || phase == "off" ? "\x1b[2m" : "\x1b[36m";
}

std::string short_model(const std::string& model) {
  if (model.empty()) return std::string(kUnknown);
  if (!model.starts_with("Raspberry Pi ")) return printable(model);
  std::string text = model.substr(0, model.rfind(" Rev "));
  replace_in(text, "Raspberry Pi ", "Pi ");
  replace_in(text, " Model ", " ");
  replace_in(text, "Compute Module ", "CM");
  replace_in(text, " Plus", "+");
  return printable(text);
}

bool wants_colours() {
  const char* no_color = std::getenv("NO_COLOR");
  return ::isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
}

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

TextTable::TextTable(Row headings, std::span<const bool> right_aligned) : right_aligned_(right_aligned) {
  rows_.push_back(std::move(headings));
}

void TextTable::colour(std::size_t column, std::string_view (*colour_of)(std::string_view cell)) {
  coloured_column_ = column;
  colour_of_ = colour_of;
}

std::string TextTable::render() const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const Row& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out;
  for (const Row& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - width_of(row[i]), ' ');
      const bool coloured = colour_of_ != nullptr && i == coloured_column_ && &row != &rows_.front();
      if (right_aligned_[i]) line += padding;
      line += coloured ? concat(colour_of_(row[i]), row[i], "\x1b[0m") : row[i];
      if (!right_aligned_[i]) line += padding;
      line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

}  // namespace piman::manager
