// SPDX-License-Identifier: Apache-2.0
#include "node-agent/name_filter.h"

#include <array>
#include <utility>

#include "common/text.h"

namespace piman::agent {
namespace {

/// A container host makes and drops thousands of mounts and interfaces: forget rather than grow.
constexpr std::size_t kMostRemembered = 4096;

std::string to_posix(std::string_view expression) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kTranslations = {
      {{"(?:", "("}, {"\\d", "[0-9]"}, {"\\w", "[0-9A-Za-z_]"}, {"\\s", "[[:space:]]"}}};
  std::string out;
  while (!expression.empty()) {
    bool translated = false;
    for (const auto& [from, to] : kTranslations) {
      if (!expression.starts_with(from)) continue;
      out += to;
      expression.remove_prefix(from.size());
      translated = true;
      break;
    }
    if (translated) continue;
    const std::size_t length = expression.starts_with('\\') && expression.size() > 1 ? 2 : 1;
    out += expression.substr(0, length);
    expression.remove_prefix(length);
  }
  return out;
}

}  // namespace

bool NameFilter::Expression::matches(const std::string& name) const {
  if (pattern) return pattern->matches(name);
  return ::regexec(regex.get(), name.c_str(), 0, nullptr, 0) == 0;
}

Result<NameFilter::Expression> NameFilter::compile(std::string_view flag, const std::string& expression) {
  Expression compiled;
  if (expression.empty()) return compiled;
  compiled.pattern = NamePattern::parse(expression);
  if (compiled.pattern) return compiled;
  auto raw = std::make_unique<::regex_t>();
  const int error = ::regcomp(raw.get(), to_posix(expression).c_str(), REG_EXTENDED | REG_NOSUB);
  if (error == 0) {
    compiled.regex.reset(raw.release());
    return compiled;
  }
  std::array<char, 128> words{};
  ::regerror(error, raw.get(), words.data(), words.size());
  return fail(concat("--collector.", flag, ": ", quote(expression), " is no regular expression: ", words.data()));
}

Result<NameFilter> NameFilter::make(std::string_view flag, const std::string& exclude, const std::string& include) {
  if (!exclude.empty() && !include.empty()) {
    return fail(concat("--collector.", flag, "-exclude and --collector.", flag, "-include exclude each other"));
  }
  NameFilter filter;
  auto compiled_exclude = compile(concat(flag, "-exclude"), exclude);
  if (!compiled_exclude) return fail(compiled_exclude.error().message);
  auto compiled_include = compile(concat(flag, "-include"), include);
  if (!compiled_include) return fail(compiled_include.error().message);
  filter.exclude_ = std::move(*compiled_exclude);
  filter.include_ = std::move(*compiled_include);
  return filter;
}

bool NameFilter::ignores(std::string_view name) {
  if (!exclude_ && !include_) return false;
  if (const auto found = known_.find(name); found != known_.end()) return found->second;
  std::string text(name);
  const bool ignored = (exclude_ && exclude_.matches(text)) || (include_ && !include_.matches(text));
  if (known_.size() >= kMostRemembered) known_.clear();
  known_.emplace(std::move(text), ignored);
  return ignored;
}

}  // namespace piman::agent
