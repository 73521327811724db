// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/net_types.h"
#include "common/unique_fd.h"

/// Tells the kernel which hardware address a client has. The boot programs of Pi 1 to 3 answer ARP only while they
/// start, so that a transfer must not begin with a question.
namespace piman::netboot::dhcp {

/// Thread-safety: none.
class Neighbours {
 public:
  Neighbours();
  /// The entry counts as just confirmed; it ages like any other. Without the right to do so (CAP_NET_ADMIN), nothing
  /// happens and the kernel asks as always. Source: rtnetlink(7).
  void confirm(int interface_index, Ipv4Address address, const MacAddress& mac);

 private:
  UniqueFd netlink_;
};

}  // namespace piman::netboot::dhcp
