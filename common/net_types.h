// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Addresses as values. Parsing is strict: what is not wholly an address is not one.
namespace piman {

/// 48-bit Ethernet address.
class MacAddress {
 public:
  MacAddress() = default;
  explicit MacAddress(const std::array<std::uint8_t, 6>& bytes) : bytes_(bytes) {}

  /// Six hexadecimal pairs in either case, separated by ':' or '-' throughout.
  static std::optional<MacAddress> parse(std::string_view text);
  /// Lower case, colons: "b8:27:eb:6c:4c:16".
  std::string to_string() const;
  const std::array<std::uint8_t, 6>& bytes() const { return bytes_; }

  auto operator<=>(const MacAddress&) const = default;

 private:
  std::array<std::uint8_t, 6> bytes_{};
};

/// IPv4 address, host byte order inside.
class Ipv4Address {
 public:
  Ipv4Address() = default;
  explicit Ipv4Address(std::uint32_t value) : value_(value) {}

  /// Four decimal numbers 0-255 without leading zeros (which others read as octal).
  static std::optional<Ipv4Address> parse(std::string_view text);
  std::string to_string() const;
  std::uint32_t value() const { return value_; }

  auto operator<=>(const Ipv4Address&) const = default;

 private:
  std::uint32_t value_ = 0;
};

/// "HOST:PORT", ":PORT" (every address) or "[IPV6]:PORT".
struct HostPort {
  std::string host;  ///< empty: every address; an IPv6 address stands without its brackets
  std::uint16_t port = 0;
  bool is_ipv6 = false;

  static std::optional<HostPort> parse(std::string_view text);
  std::string to_string() const;
};

}  // namespace piman
