// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/net_types.h"
#include "common/result.h"

/// A network interface of this machine, as the kernel knows it now.
namespace piman::netboot::dhcp {

struct Interface {
  std::string name;
  int index = 0;
  MacAddress mac;
  std::vector<Ipv4Address> addresses;  ///< the first one is "this server" there; never empty
};

/// An error when there is no such interface, or it is not Ethernet, or has no IPv4 address.
Result<Interface> find_interface(const std::string& name);

}  // namespace piman::netboot::dhcp
