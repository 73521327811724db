// SPDX-License-Identifier: Apache-2.0
#include "manager/images/image_name.h"

#include <algorithm>

#include "common/text.h"

namespace piman::manager {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_small(char c) { return c >= 'a' && c <= 'z'; }
bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }

/// Takes the digits off the front, without zeros that lead them.
std::string_view take_number(std::string_view& rest) {
  const auto count = static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), is_digit) - rest.begin());
  std::string_view number = rest.substr(0, count);
  rest.remove_prefix(count);
  number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
  return number;
}

/// Where a character stands: ~ before the end, the end (and where a number begins) before letters, those before the
/// rest.
int rank_of(std::string_view rest) {
  if (rest.empty() || is_digit(rest.front())) return 0;
  const char c = rest.front();
  if (c == '~') return -1;
  return is_small(c) || is_capital(c) ? c : c + 256;
}

int sign(bool less) { return less ? -1 : 1; }

}  // namespace

bool is_image_name(std::string_view text) {
  if (text.empty() || text.size() > kMostNameBytes) return false;
  if (!is_small(text.front()) && !is_digit(text.front())) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_small(c) || is_digit(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_image_version(std::string_view text) {
  if (text.empty() || text.size() > kMostNameBytes) return false;
  const char first = text.front();
  if (!is_small(first) && !is_capital(first) && !is_digit(first)) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_small(c) || is_capital(c) || is_digit(c) || c == '.' || c == '_' || c == '-' || c == '+' || c == '~';
  });
}

Result<ImageRef> parse_image_ref(std::string_view text) {
  const std::size_t at = text.find('@');
  const std::string_view name = text.substr(0, at);
  if (!is_image_name(name)) {
    return fail(concat(quote(name), " is no name of an image: a-z 0-9 . _ - behind a letter or digit, at most ",
                       kMostNameBytes, " of them"));
  }
  if (at == std::string_view::npos) return ImageRef{std::string(name), {}};
  const std::string_view version = text.substr(at + 1);
  if (!is_image_version(version)) {
    return fail(concat(quote(version),
                       " is no version of an image: A-Z a-z 0-9 . _ - + ~ behind a letter or digit, at most ",
                       kMostNameBytes, " of them"));
  }
  return ImageRef{std::string(name), std::string(version)};
}

int compare_versions(std::string_view a, std::string_view b) {
  std::string_view left = a, right = b;
  while (!left.empty() || !right.empty()) {
    while ((!left.empty() && !is_digit(left.front())) || (!right.empty() && !is_digit(right.front()))) {
      const int rank_left = rank_of(left), rank_right = rank_of(right);
      if (rank_left != rank_right) return sign(rank_left < rank_right);
      left.remove_prefix(1);  // equal ranks other than 0 are equal characters, and 0 was left out by the loop
      right.remove_prefix(1);
    }
    const std::string_view number_left = take_number(left), number_right = take_number(right);
    if (number_left.size() != number_right.size()) return sign(number_left.size() < number_right.size());
    if (const int order = number_left.compare(number_right); order != 0) return sign(order < 0);
  }
  const int order = a.compare(b);  // 1.0 and 1.00 are two versions all the same
  return order == 0 ? 0 : sign(order < 0);
}

}  // namespace piman::manager
