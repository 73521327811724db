// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "netboot/dhcp/config.h"

/// Which addresses of a range are free, in the order in which they should be given away.
namespace piman::netboot::dhcp {

/// Every operation takes constant time. Memory: 8 bytes an address.
/// REQUIRES of all that take an address: it is in the range.
class AddressPool {
 public:
  /// All of the range is free, the lowest address first.
  /// REQUIRES: first <= last, at most kMostPoolAddresses.
  explicit AddressPool(AddressRange range);

  bool contains(Ipv4Address address) const { return range_.contains(address); }
  const AddressRange& range() const { return range_; }
  bool is_free(Ipv4Address address) const { return links_[index(address)].next != kTaken; }
  std::size_t free_count() const { return free_; }

  /// The one that has been free for longest; those never given come before all others.
  std::optional<Ipv4Address> next() const;
  void take(Ipv4Address address);       ///< does nothing when it is taken already
  void give_back(Ipv4Address address);  ///< to the end of the queue; does nothing when it is free already

 private:
  static constexpr std::uint32_t kTaken = 0xFFFF'FFFF;
  struct Link {
    std::uint32_t next, previous;
  };
  std::uint32_t index(Ipv4Address address) const { return address.value() - range_.first.value(); }
  std::uint32_t sentinel() const { return static_cast<std::uint32_t>(links_.size() - 1); }

  AddressRange range_;
  std::vector<Link> links_;  // a ring through its last element
  std::size_t free_ = 0;
};

}  // namespace piman::netboot::dhcp
