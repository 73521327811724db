// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

/// Numbers and fields out of text, without exceptions, allocation or the C locale.
namespace piman {

/// Parses the whole of `text` as a decimal number: no sign for unsigned types, no blanks, no leftover.
/// Returns nothing on anything else, overflow included.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
  return value;
}

inline std::optional<std::uint64_t> parse_u64(std::string_view text) { return parse_number<std::uint64_t>(text); }
inline std::optional<std::int64_t> parse_i64(std::string_view text) { return parse_number<std::int64_t>(text); }
/// Accepts what from_chars does: "1", "0.5", "1e9", "nan", "inf"; never a decimal comma.
inline std::optional<double> parse_double(std::string_view text) { return parse_number<double>(text); }
/// Hexadecimal without a prefix.
std::optional<std::uint64_t> parse_hex(std::string_view text);
/// As the kernel writes attributes: "0x1003" is hexadecimal, "0644" octal, "-1" and "10" decimal.
std::optional<std::int64_t> parse_prefixed_i64(std::string_view text);

/// Without blanks, tabs, line ends and NULs at both ends (device-tree strings end in NUL).
std::string_view trim(std::string_view text);
/// Takes the next blank- or tab-separated field off the front of `rest`; empty when there is none.
std::string_view next_field(std::string_view& rest);
/// Takes the next line (without its line end) off the front of `rest`. Call while `rest` is not empty.
std::string_view next_line(std::string_view& rest);
/// Takes what stands before `separator` off the front of `rest`, the whole of it when there is no separator.
std::string_view next_until(std::string_view& rest, char separator);

bool equals_ignoring_case(std::string_view a, std::string_view b);
std::string to_lower(std::string_view text);

/// Quotes for an error message: control and non-ASCII bytes as \xNN, at most 80 bytes of it.
std::string quote(std::string_view text);

/// Replaces every byte that is not part of well-formed UTF-8 by U+FFFD. Kernel and user names may hold any byte, while
/// Prometheus and JSON take only UTF-8.
std::string to_valid_utf8(std::string_view text);
bool is_valid_utf8(std::string_view text);

namespace detail {
inline void append(std::string& out, std::string_view part) { out.append(part); }
inline void append(std::string& out, const std::string& part) { out.append(part); }
inline void append(std::string& out, const char* part) { out.append(part); }
inline void append(std::string& out, char part) { out.push_back(part); }
template <class Number>
requires std::is_arithmetic_v<Number>
void append(std::string& out, Number part) {
  char digits[32];
  const auto result = std::to_chars(digits, digits + sizeof digits, part);
  out.append(digits, result.ptr);
}
}  // namespace detail

/// Joins texts and numbers: `concat("port ", 70000, " is out of range")`.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::string out;
  (detail::append(out, parts), ...);
  return out;
}

/// What an errno means, in English whatever the locale: "Permission denied".
std::string_view words_of_errno(int number);

}  // namespace piman
