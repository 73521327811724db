// SPDX-License-Identifier: Apache-2.0
#include "manager/inventory_loader.h"

#include <chrono>
#include <utility>

#include "common/text.h"

namespace piman::manager {

void InventoryLoader::on_hosts(std::function<void(const std::vector<Host>&)> listener) {
  const MutexLock lock(mutex_);
  listener_ = std::move(listener);
  if (listener_) listener_(hosts_);
}

void InventoryLoader::load() {
  const MutexLock lock(mutex_);
  auto inventory = read_inventory(file_);
  if (!inventory) {
    log_.error("the inventory can't be read: no node is watched until it is and SIGHUP comes",
               {{"err", inventory.error().message}});
    return;
  }
  if (!inventory->problems.empty()) problem_ = inventory->problems.front().to_string(file_);
  log_problems(*inventory);
  take(std::move(inventory->hosts));
  log_.info("inventory loaded", {{"file", file_}, {"hosts", concat(hosts_.size())}});
}

Result<void> InventoryLoader::reload() {
  const MutexLock lock(mutex_);
  auto reloaded = try_reload();
  problem_ = reloaded ? std::string() : reloaded.error().message;
  return reloaded;
}

std::string InventoryLoader::problem() const {
  const MutexLock lock(mutex_);
  return problem_;
}

Result<void> InventoryLoader::try_reload() {
  auto inventory = read_inventory(file_);
  if (!inventory) {
    log_.error("inventory not reloaded: the old one stays", {{"err", inventory.error().message}});
    return tl::unexpected<Error>(inventory.error());
  }
  if (!inventory->problems.empty()) {
    log_problems(*inventory);
    log_.error("inventory not reloaded: the old one stays",
               {{"file", file_}, {"problems", concat(inventory->problems.size())}});
    return fail(inventory->problems.front().to_string(file_));
  }
  if (inventory->hosts.empty() && !hosts_.empty() && inventory->bytes == 0) {
    // Whoever writes a file anew makes it empty first. One that is meant has a line, if only a comment.
    log_.error("inventory not reloaded: the file is empty, and the old one stays", {{"file", file_}});
    return fail(concat(file_, " is empty: the old inventory stays; write a comment line into it when that is meant"));
  }
  take(std::move(inventory->hosts));
  log_.info("inventory reloaded; the configuration is read at start-up only",
            {{"file", file_}, {"hosts", concat(hosts_.size())}});
  return {};
}

void InventoryLoader::log_problems(const ParsedInventory& inventory) {
  for (const InventoryProblem& problem : inventory.problems) {
    log_.warn("inventory problem", {{"problem", problem.to_string(file_)}});
  }
}

void InventoryLoader::take(std::vector<Host> hosts) {
  hosts_ = std::move(hosts);
  fleet_.set_inventory(hosts_, std::chrono::system_clock::now());
  if (listener_) listener_(hosts_);
}

}  // namespace piman::manager
