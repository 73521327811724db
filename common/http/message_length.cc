// SPDX-License-Identifier: Apache-2.0
#include "common/http/message_length.h"

#include <algorithm>
#include <string_view>

#include "common/text.h"

namespace piman::http {
namespace {

/// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view kSigns = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kSigns.find(c) != std::string_view::npos;
  });
}

}  // namespace

bool has_plain_length(const Headers& headers) {
  int lengths = 0;
  for (const auto& [name, value] : headers) {
    if (!is_token(name)) return false;
    if (equals_ignoring_case(name, "Content-Length")) {
      ++lengths;
      if (value.empty() || value.find_first_not_of("0123456789") != std::string::npos) return false;
    } else if (equals_ignoring_case(name, "Transfer-Encoding")) {
      ++lengths;
      if (!equals_ignoring_case(value, "chunked")) return false;
    }
  }
  return lengths <= 1;
}

}  // namespace piman::http
