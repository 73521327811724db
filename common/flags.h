// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Command-line flags from one table: the table parses, prints `--help` and feeds the generated documentation, so the
/// three can't drift apart. Flags look as in the Prometheus ecosystem: `--web.listen-address=:3000`,
/// `--no-collector.x`.
namespace piman {

struct Flag {
  std::string name;           ///< without the dashes: "web.listen-address"
  std::string value_name;     ///< "ADDRESS"; empty for a switch, which also has a `--no-` form
  std::string default_value;  ///< what is in force when the flag is not given; "true"/"false" for a switch
  std::string help;           ///< one sentence
  bool repeatable = false;    ///< each use adds a value instead of replacing the last
};

/// What a command line said.
struct ParsedFlags {
  std::vector<std::pair<std::string, std::string>> given;  ///< flag name and value, in order; switches "true"/"false"
  std::vector<std::string> arguments;                      ///< what is not a flag, and all that follows "--"
  std::vector<std::string> problems;  ///< one line each; the program must not start if there are any

  bool is_given(std::string_view name) const;
  /// The last value given, else the table's default.
  std::string value(std::span<const Flag> table, std::string_view name) const;
  /// All values given; when none was, the default alone, or nothing if that is empty.
  std::vector<std::string> values(std::span<const Flag> table, std::string_view name) const;
  bool is_on(std::span<const Flag> table, std::string_view name) const { return value(table, name) == "true"; }
};

/// Accepts `--name=value`, `--name value`, `--switch` and `--no-switch`, `-h` for `--help`. Names are never
/// abbreviated.
ParsedFlags parse_flags(std::span<const Flag> table, std::span<const char* const> arguments);

/// The flags part of a help text, wrapped at 100 columns.
std::string render_flags_help(std::span<const Flag> table);
/// The same as the OPTIONS section of a man page (man(7)).
std::string render_flags_man(std::span<const Flag> table);
/// Text for a man page: backslashes, dashes and a leading dot or quote lose their meaning to troff.
std::string man_escaped(std::string_view text);

}  // namespace piman
