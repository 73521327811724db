// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"

/// What the subcommands print with: tables, colours, times. Pure but for print() and wants_colours().
namespace piman::manager {

/// What stands where nothing is known.
inline constexpr std::string_view kUnknown = "-";

/// Without control bytes: what came from the network must not steer the terminal.
std::string printable(std::string_view text);
/// "42s", "12m", "3h20m", "5d4h".
std::string short_duration(double seconds);
/// "512 B", "12.3 kB", "45.6 MB".
std::string short_bytes(double bytes);
/// "2026-11-28 04:58:01", in this machine's time zone.
std::string local_time(WallTime time);
/// The ANSI sequence for a node's phase: green is well, blue under way, yellow and red need a look or a hand.
std::string_view phase_colour(std::string_view phase);
/// "Raspberry Pi 3 Model B Plus Rev 1.3" -> "Pi 3 B+", as on the fleet page: columns are scarce.
std::string short_model(const std::string& model);
/// On a terminal, and not where NO_COLOR is set.
bool wants_colours();
void print(const std::string& text);

/// Rows whose columns line up.
class TextTable {
 public:
  using Row = std::vector<std::string>;
  /// `right_aligned` has one value a column; numbers stand right, so that their digits line up. It must outlive the
  /// table.
  TextTable(Row headings, std::span<const bool> right_aligned);
  void add(Row row) { rows_.push_back(std::move(row)); }
  /// Colours this column by what it says: `colour_of` returns an ANSI sequence.
  void colour(std::size_t column, std::string_view (*colour_of)(std::string_view cell));
  std::string render() const;

 private:
  std::vector<Row> rows_;
  std::span<const bool> right_aligned_;
  std::size_t coloured_column_ = 0;
  std::string_view (*colour_of_)(std::string_view) = nullptr;
};

}  // namespace piman::manager
