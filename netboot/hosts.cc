// SPDX-License-Identifier: Apache-2.0
#include "netboot/hosts.h"

#include <utility>

namespace piman::netboot {

HostTable::HostTable(std::vector<Host> hosts) : hosts_(std::move(hosts)) {
  by_mac_.reserve(hosts_.size());
  by_address_.reserve(hosts_.size());
  by_name_.reserve(hosts_.size());
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    by_mac_.emplace(hosts_[i].mac, i);
    by_address_.emplace(hosts_[i].address, i);
    by_name_.emplace(hosts_[i].name, i);
  }
}

const Host* HostTable::find(const MacAddress& mac) const {
  const auto found = by_mac_.find(mac);
  return found == by_mac_.end() ? nullptr : &hosts_[found->second];
}

const Host* HostTable::find(Ipv4Address address) const {
  const auto found = by_address_.find(address);
  return found == by_address_.end() ? nullptr : &hosts_[found->second];
}

const Host* HostTable::find_name(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &hosts_[found->second];
}

}  // namespace piman::netboot
