// SPDX-License-Identifier: Apache-2.0
#include "common/flags.h"

#include <algorithm>
#include <cstddef>

#include "common/text.h"

namespace piman {
namespace {

constexpr std::size_t kHelpWidth = 100;
constexpr std::size_t kHelpIndent = 8;

const Flag* find_flag(std::span<const Flag> table, std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const Flag& flag) { return flag.name == name; });
  return found == table.end() ? nullptr : &*found;
}

void append_wrapped(std::string& out, std::string_view text) {
  std::size_t column = 0;
  while (true) {
    const std::string_view word = next_field(text);
    if (word.empty()) break;
    if (column > 0 && column + 1 + word.size() > kHelpWidth) column = 0;
    if (column == 0) {
      if (!out.ends_with('\n')) out.push_back('\n');
      out.append(kHelpIndent, ' ');
      column = kHelpIndent;
    } else {
      out.push_back(' ');
      ++column;
    }
    out += word;
    column += word.size();
  }
  out.push_back('\n');
}

std::string usage_of(const Flag& flag) {
  if (flag.value_name.empty()) {
    const bool has_no_form = flag.name != "help" && flag.name != "version" && !flag.name.starts_with("help-");
    return concat("--", has_no_form ? "[no-]" : "", flag.name);
  }
  return concat("--", flag.name, "=", flag.value_name, flag.repeatable ? " ..." : "");
}

std::string help_of(const Flag& flag) {
  const bool show_default = !flag.default_value.empty() && flag.default_value != "false";
  return concat(flag.help, show_default ? concat(" (default: ", flag.default_value, ")") : "");
}

/// One `--flag` argument; `next` is the following argument, which it may use up.
struct FlagReader {
  std::span<const Flag> table;
  ParsedFlags& parsed;

  /// Returns how many arguments were used up: 1 or 2.
  std::size_t read(std::string_view argument, const char* next) {
    std::string_view rest = argument.substr(2);
    const bool has_value = rest.find('=') != std::string_view::npos;
    const std::string_view name = next_until(rest, '=');
    const Flag* flag = find_flag(table, name);
    bool negated = false;
    if (flag == nullptr && name.starts_with("no-")) {
      flag = find_flag(table, name.substr(3));
      negated = flag != nullptr && flag->value_name.empty();
      if (!negated) flag = nullptr;
    }
    if (flag == nullptr) {
      parsed.problems.push_back(concat("unknown flag ", quote(argument), "; --help lists them"));
      return 1;
    }
    if (flag->value_name.empty()) {
      read_switch(*flag, negated, has_value, rest);
      return 1;
    }
    if (has_value) {
      parsed.given.emplace_back(flag->name, std::string(rest));
      return 1;
    }
    if (next == nullptr) {
      parsed.problems.push_back(concat("flag --", flag->name, " needs a value: --", flag->name, "=", flag->value_name));
      return 1;
    }
    parsed.given.emplace_back(flag->name, next);
    return 2;
  }

  void read_switch(const Flag& flag, bool negated, bool has_value, std::string_view value) {
    if (has_value && (negated || (value != "true" && value != "false"))) {
      parsed.problems.push_back(concat("flag --", flag.name, " is a switch and takes no value ", quote(value)));
      return;
    }
    const bool on = has_value ? value == "true" : !negated;
    parsed.given.emplace_back(flag.name, on ? "true" : "false");
  }
};

}  // namespace

bool ParsedFlags::is_given(std::string_view name) const {
  return std::any_of(given.begin(), given.end(), [&](const auto& entry) { return entry.first == name; });
}

std::string ParsedFlags::value(std::span<const Flag> table, std::string_view name) const {
  for (auto entry = given.rbegin(); entry != given.rend(); ++entry) {
    if (entry->first == name) return entry->second;
  }
  const Flag* flag = find_flag(table, name);
  return flag == nullptr ? std::string() : flag->default_value;
}

std::vector<std::string> ParsedFlags::values(std::span<const Flag> table, std::string_view name) const {
  std::vector<std::string> found;
  for (const auto& [key, value] : given) {
    if (key == name) found.push_back(value);
  }
  if (found.empty()) {
    const Flag* flag = find_flag(table, name);
    if (flag != nullptr && !flag->default_value.empty()) found.push_back(flag->default_value);
  }
  return found;
}

ParsedFlags parse_flags(std::span<const Flag> table, std::span<const char* const> arguments) {
  ParsedFlags parsed;
  for (std::size_t i = 0; i < arguments.size();) {
    const std::string_view argument = arguments[i];
    if (argument == "--") {
      for (++i; i < arguments.size(); ++i) parsed.arguments.emplace_back(arguments[i]);
    } else if (argument == "-h") {
      parsed.given.emplace_back("help", "true");
      ++i;
    } else if (argument.starts_with("--")) {
      const char* next = i + 1 < arguments.size() ? arguments[i + 1] : nullptr;
      i += FlagReader{table, parsed}.read(argument, next);
    } else if (argument.size() > 1 && argument.starts_with('-')) {
      parsed.problems.push_back(concat("unknown flag ", quote(argument), "; --help lists them"));
      ++i;
    } else {
      parsed.arguments.emplace_back(argument);
      ++i;
    }
  }
  for (const Flag& flag : table) {
    const auto uses =
        std::count_if(parsed.given.begin(), parsed.given.end(), [&](const auto& e) { return e.first == flag.name; });
    if (uses > 1 && !flag.repeatable && !flag.value_name.empty()) {
      parsed.problems.push_back(concat("flag --", flag.name, " is given ", uses, " times, and takes one value"));
    }
  }
  return parsed;
}

std::string render_flags_help(std::span<const Flag> table) {
  std::string out;
  for (const Flag& flag : table) {
    out += concat("  ", usage_of(flag));
    append_wrapped(out, help_of(flag));
  }
  return out;
}

std::string render_flags_man(std::span<const Flag> table) {
  std::string out = ".SH OPTIONS\n";
  for (const Flag& flag : table) {
    out += concat(".TP\n.B ", man_escaped(usage_of(flag)), "\n", man_escaped(help_of(flag)), "\n");
  }
  return out;
}

std::string man_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool at_line_start = out.empty() || out.back() == '\n';
    if (at_line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else {
      if (c == '-') out.push_back('\\');
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace piman
