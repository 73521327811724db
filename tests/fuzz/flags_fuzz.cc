// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/check.h"
#include "common/flags.h"
#include "common/text.h"

namespace {

const std::vector<piman::Flag>& table() {
  static const std::vector<piman::Flag> flags = {
      {"web.listen-address", "ADDRESS", ":3000", "Where to listen.", true},
      {"log.level", "LEVEL", "info", "Least severe level that is logged."},
      {"dry-run", "", "false", "Change nothing."},
      {"help", "", "false", "Show this."},
  };
  return flags;
}

const piman::Flag* find(const std::string& name) {
  for (const auto& flag : table()) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

}  // namespace

/// Each line of the sample is an argument. Every argument is accounted for, and what was understood can be said again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace piman;
  std::vector<std::string> lines;
  for (std::string_view rest(reinterpret_cast<const char*>(data), size); !rest.empty();) {
    std::string line(next_until(rest, '\n'));
    line.erase(std::remove(line.begin(), line.end(), '\0'), line.end());
    lines.push_back(line);
  }
  std::vector<const char*> arguments;
  for (const std::string& line : lines) arguments.push_back(line.c_str());

  const ParsedFlags parsed = parse_flags(table(), arguments);
  for (const auto& [name, value] : parsed.given) {
    const Flag* flag = find(name);
    PIMAN_CHECK(flag != nullptr);
    PIMAN_CHECK(!flag->value_name.empty() || value == "true" || value == "false");
    PIMAN_CHECK(parsed.is_given(name));
  }
  for (const std::string& problem : parsed.problems) {
    PIMAN_CHECK(!problem.empty() && std::all_of(problem.begin(), problem.end(), [](char c) { return c >= 0x20; }));
  }
  PIMAN_CHECK(parsed.given.size() + parsed.arguments.size() <= arguments.size());
  if (!parsed.problems.empty()) return 0;

  std::vector<std::string> said;
  for (const auto& [name, value] : parsed.given) said.push_back(concat("--", name, "=", value));
  said.emplace_back("--");
  said.insert(said.end(), parsed.arguments.begin(), parsed.arguments.end());
  arguments.clear();
  for (const std::string& argument : said) arguments.push_back(argument.c_str());
  const ParsedFlags again = parse_flags(table(), arguments);
  PIMAN_CHECK(again.problems.empty() && again.given == parsed.given && again.arguments == parsed.arguments);
  return 0;
}
