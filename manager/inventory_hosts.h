// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "common/mutex.h"
#include "manager/fleet/assignments.h"
#include "manager/fleet/node.h"
#include "netboot/hosts.h"

/// The inventory as netboot asks for it.
namespace piman::manager {

/// Pure. Hosts without an assignment get no group and the default image.
std::vector<netboot::Host> netboot_hosts(const std::vector<Host>& hosts, const ParsedAssignments& assignments);

/// Thread-safety: all methods may be called from any thread; a reader keeps the table that it got.
class InventoryHosts final : public netboot::HostDirectory {
 public:
  std::shared_ptr<const netboot::HostTable> hosts() const override;
  void set(const std::vector<Host>& hosts, const ParsedAssignments& assignments);

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const netboot::HostTable> table_ PIMAN_GUARDED_BY(mutex_) =
      std::make_shared<const netboot::HostTable>();
};

}  // namespace piman::manager
