// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

#include "netboot/dhcp/lease.h"

/// Leases for tests of the store.
namespace piman::manager::test {

inline MacAddress mac_of(std::uint32_t number) {
  return MacAddress({0xb8, 0x27, 0xeb, static_cast<std::uint8_t>(number >> 16U),
                     static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number)});
}

/// 10.0.0.0 and up, for an hour.
inline netboot::dhcp::Lease make_lease(std::uint32_t number) {
  netboot::dhcp::Lease lease;
  lease.address = Ipv4Address(0x0A000000U + number);
  lease.mac = mac_of(number);
  lease.since = WallTime(std::chrono::seconds(1'700'000'000));
  lease.expires = lease.since + std::chrono::hours(1);
  return lease;
}

inline netboot::dhcp::LeaseChange put_of(const netboot::dhcp::Lease& lease) {
  return {netboot::dhcp::LeaseChange::Kind::kPut, lease};
}
inline netboot::dhcp::LeaseChange erase_of(const netboot::dhcp::Lease& lease) {
  netboot::dhcp::Lease key;
  key.address = lease.address;
  return {netboot::dhcp::LeaseChange::Kind::kErase, key};
}

}  // namespace piman::manager::test
