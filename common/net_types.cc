// SPDX-License-Identifier: Apache-2.0
#include "common/net_types.h"

#include <algorithm>

#include "common/text.h"

namespace piman {
namespace {

/// Whether a host name or IPv4 address can hold it; a list of addresses is made with the others.
bool is_host_char(char c) {
  return c > ' ' && c < '\x7F' && std::string_view(",[]/").find(c) == std::string_view::npos;
}

}  // namespace

std::optional<MacAddress> MacAddress::parse(std::string_view text) {
  if (text.size() != 17) return std::nullopt;
  const char separator = text[2];
  if (separator != ':' && separator != '-') return std::nullopt;
  std::array<std::uint8_t, 6> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0 && text[i * 3 - 1] != separator) return std::nullopt;
    const auto value = parse_hex(text.substr(i * 3, 2));
    if (!value) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(*value);
  }
  return MacAddress(bytes);
}

std::string MacAddress::to_string() const {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t byte : bytes_) {
    if (!out.empty()) out.push_back(':');
    out.push_back(kHex[byte >> 4U]);
    out.push_back(kHex[byte & 0x0FU]);
  }
  return out;
}

std::optional<Ipv4Address> Ipv4Address::parse(std::string_view text) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    if (text.empty()) return std::nullopt;
    const bool last_separator_missing = i < 3 && text.find('.') == std::string_view::npos;
    if (last_separator_missing || (i == 3 && text.find('.') != std::string_view::npos)) return std::nullopt;
    const std::string_view part = next_until(text, '.');
    const auto number = parse_number<std::uint8_t>(part);
    if (!number || (part.size() > 1 && part.front() == '0')) return std::nullopt;
    value = (value << 8U) | *number;
  }
  return Ipv4Address(value);
}

std::string Ipv4Address::to_string() const {
  return concat(value_ >> 24U, '.', (value_ >> 16U) & 0xFFU, '.', (value_ >> 8U) & 0xFFU, '.', value_ & 0xFFU);
}

std::optional<HostPort> HostPort::parse(std::string_view text) {
  HostPort result;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || close == 1) return std::nullopt;
    result.host = text.substr(1, close - 1);
    result.is_ipv6 = true;
    if (result.host.find_first_not_of("0123456789abcdefABCDEF:.%") != std::string::npos) return std::nullopt;
    text.remove_prefix(close + 1);
  } else {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    result.host = text.substr(0, colon);
    if (!std::all_of(result.host.begin(), result.host.end(), is_host_char)) return std::nullopt;
    text.remove_prefix(colon);
  }
  if (!text.starts_with(':')) return std::nullopt;
  const auto port = parse_number<std::uint16_t>(text.substr(1));
  if (!port) return std::nullopt;
  result.port = *port;
  return result;
}

std::string HostPort::to_string() const { return is_ipv6 ? concat('[', host, "]:", port) : concat(host, ':', port); }

}  // namespace piman
