// SPDX-License-Identifier: Apache-2.0
#include "manager/inventory_hosts.h"

#include <utility>

namespace piman::manager {

std::vector<netboot::Host> netboot_hosts(const std::vector<Host>& hosts, const ParsedAssignments& assignments) {
  std::vector<netboot::Host> made;
  made.reserve(hosts.size());
  for (const Host& host : hosts) {
    netboot::Host one{host.mac, host.address, host.name, {}, {}};
    if (const auto found = assignments.by_node.find(host.name); found != assignments.by_node.end()) {
      one.group = found->second.group;
      one.image = found->second.image;
    }
    made.push_back(std::move(one));
  }
  return made;
}

std::shared_ptr<const netboot::HostTable> InventoryHosts::hosts() const {
  const MutexLock lock(mutex_);
  return table_;
}

void InventoryHosts::set(const std::vector<Host>& hosts, const ParsedAssignments& assignments) {
  auto table = std::make_shared<const netboot::HostTable>(netboot_hosts(hosts, assignments));
  const MutexLock lock(mutex_);
  table_.swap(table);  // the old one, if nobody reads it, is freed after the lock
}

}  // namespace piman::manager
