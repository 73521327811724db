// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/check.h"
#include "common/net_types.h"
#include "common/text.h"

/// What is an address is printed as the same address, in one way only.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace piman;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto mac = MacAddress::parse(text)) {
    std::string canonical = to_lower(text);
    for (char& c : canonical) c = c == '-' ? ':' : c;
    PIMAN_CHECK(mac->to_string() == canonical);
    PIMAN_CHECK(MacAddress::parse(mac->to_string()) == mac);
  }
  if (const auto address = Ipv4Address::parse(text)) {
    PIMAN_CHECK(address->to_string() == text);
    PIMAN_CHECK(Ipv4Address(address->value()) == address);
  }
  if (const auto place = HostPort::parse(text)) {
    for (const char c : place->host) PIMAN_CHECK(static_cast<unsigned char>(c) > 0x20 && c != 0x7F && c != ',');
    const auto again = HostPort::parse(place->to_string());
    PIMAN_CHECK(again && again->host == place->host && again->port == place->port && again->is_ipv6 == place->is_ipv6);
    PIMAN_CHECK(!place->is_ipv6 || !place->host.empty());
    PIMAN_CHECK(place->is_ipv6 || place->host.find(':') == std::string::npos);
  }
  return 0;
}
