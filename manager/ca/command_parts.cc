// SPDX-License-Identifier: Apache-2.0
#include "manager/ca/command_parts.h"

#include <array>
#include <cstdio>
#include <ctime>

#include "common/text.h"

namespace piman::manager::ca {
namespace {

constexpr int kMostDays = 36'500;

}  // namespace

int fail_ca(const std::string& problem, int exit) {
  std::fprintf(stderr, "piman ca: %s\n", problem.c_str());
  return exit;
}

Flag folder_flag() { return {"ca.dir", "DIR", "/etc/piman/ca", "The folder of the CA.", false}; }
Flag help() { return {"help", "", "false", "Prints this help.", false}; }

std::optional<int> check(const ParsedFlags& parsed, std::span<const Flag> table, std::string_view usage,
                         std::size_t arguments) {
  if (parsed.is_on(table, "help")) {
    std::fputs(concat(usage, "\nFlags:\n", render_flags_help(table)).c_str(), stdout);
    return 0;
  }
  for (const std::string& problem : parsed.problems) fail_ca(problem);
  if (!parsed.problems.empty()) return kUsage;
  if (parsed.arguments.size() > arguments) {
    return fail_ca(concat("unexpected argument ", quote(parsed.arguments[arguments])), kUsage);
  }
  if (parsed.arguments.size() < arguments) return fail_ca("a name is missing; --help shows where", kUsage);
  return std::nullopt;
}

std::optional<Days> days_of(const ParsedFlags& parsed, std::span<const Flag> table) {
  const auto days = parse_number<int>(parsed.value(table, "days"));
  if (!days || *days < 1 || *days > kMostDays) return std::nullopt;
  return Days(*days);
}

int fail_days(const ParsedFlags& parsed, std::span<const Flag> table) {
  return fail_ca(concat("--days: ", quote(parsed.value(table, "days")), " is not between 1 and ", kMostDays), kUsage);
}

std::string date_of(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  std::array<char, 16> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d", ::gmtime_r(&seconds, &parts));
  return {text.data(), size};
}

}  // namespace piman::manager::ca
