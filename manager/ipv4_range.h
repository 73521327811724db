// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/net_types.h"
#include "common/text.h"

/// Sets of IPv4 addresses as values. Pure.
namespace piman::manager {

/// "192.168.1.0/24".
struct Ipv4Network {
  Ipv4Address address;
  std::uint8_t prefix_length = 32;

  static std::optional<Ipv4Network> parse(std::string_view text) {
    const auto address = Ipv4Address::parse(next_until(text, '/'));
    const auto length = parse_number<std::uint8_t>(text);
    if (!address || !length || *length < 1 || *length > 32) return std::nullopt;
    return Ipv4Network{*address, *length};
  }
  std::uint32_t mask() const { return ~std::uint32_t{0} << (32U - prefix_length); }
  Ipv4Address first() const { return Ipv4Address(address.value() & mask()); }
  Ipv4Address last() const { return Ipv4Address(address.value() | ~mask()); }
  bool contains(Ipv4Address other) const { return (other.value() & mask()) == first().value(); }
  /// Not the network's own address nor its broadcast; in /31 and /32 there are none of these (RFC 3021).
  bool has_host(Ipv4Address other) const {
    return contains(other) && (prefix_length >= 31 || (other != first() && other != last()));
  }
  bool overlaps(const Ipv4Network& other) const { return contains(other.first()) || other.contains(first()); }
  std::string to_string() const { return concat(address.to_string(), '/', prefix_length); }
  bool operator==(const Ipv4Network&) const = default;
};

/// "192.168.1.100-192.168.1.199", both ends included.
struct Ipv4Range {
  Ipv4Address first, last;

  bool contains(Ipv4Address address) const { return first <= address && address <= last; }
  bool overlaps(const Ipv4Range& other) const { return first <= other.last && other.first <= last; }
  std::uint64_t size() const { return std::uint64_t{last.value()} - first.value() + 1; }
  std::string to_string() const { return concat(first.to_string(), '-', last.to_string()); }
  bool operator==(const Ipv4Range&) const = default;
};

}  // namespace piman::manager
