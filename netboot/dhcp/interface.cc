// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/interface.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "common/text.h"

namespace piman::netboot::dhcp {

Result<Interface> find_interface(const std::string& name) {
  ::ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return fail(concat("listing interfaces: ", std::strerror(errno)));
  const std::unique_ptr<::ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);

  Interface interface;
  interface.name = name;
  interface.index = static_cast<int>(::if_nametoindex(name.c_str()));
  if (interface.index == 0) return fail("there is no interface " + quote(name));
  bool is_ethernet = false;
  for (const ::ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || entry->ifa_name != name) continue;
    if (entry->ifa_addr->sa_family == AF_INET) {
      ::sockaddr_in address{};
      std::memcpy(&address, entry->ifa_addr, sizeof address);
      interface.addresses.emplace_back(ntohl(address.sin_addr.s_addr));
    } else if (entry->ifa_addr->sa_family == AF_PACKET) {
      ::sockaddr_ll link{};
      std::memcpy(&link, entry->ifa_addr, sizeof link);
      is_ethernet = link.sll_hatype == ARPHRD_ETHER && link.sll_halen == 6;
      std::array<std::uint8_t, 6> mac{};
      std::copy_n(link.sll_addr, mac.size(), mac.begin());
      interface.mac = MacAddress(mac);
    }
  }
  if (!is_ethernet) return fail(concat("interface ", name, " is not Ethernet"));
  if (interface.addresses.empty()) return fail(concat("interface ", name, " has no IPv4 address"));
  return interface;
}

}  // namespace piman::netboot::dhcp
