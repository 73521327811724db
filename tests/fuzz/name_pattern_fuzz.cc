// SPDX-License-Identifier: Apache-2.0
#include <regex.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/check.h"
#include "node-agent/name_pattern.h"

// Any bytes as an expression and a name, a line each: what is taken means what it means to the C library.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace piman::agent;
  const std::string_view content(reinterpret_cast<const char*>(data), size);
  const std::size_t end = content.find('\n');
  const std::string expression(content.substr(0, end));
  const std::string name(end == content.npos ? "" : content.substr(end + 1, 64));
  const auto pattern = NamePattern::parse(expression);
  if (!pattern) return 0;
  const bool matched = pattern->matches(name);
  // The C library knows neither of these, ends at a NUL, and sees characters of several bytes.
  for (const char c : expression + name) {
    if (c <= 0 || c == '\\') return 0;
  }
  if (expression.find("(?:") != expression.npos) return 0;
  ::regex_t raw;
  PIMAN_CHECK(::regcomp(&raw, expression.c_str(), REG_EXTENDED | REG_NOSUB) == 0);
  PIMAN_CHECK((::regexec(&raw, name.c_str(), 0, nullptr, 0) == 0) == matched);
  ::regfree(&raw);
  return 0;
}
