// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/log.h"
#include "common/mutex.h"
#include "common/result.h"
#include "manager/fleet/fleet.h"
#include "manager/fleet/inventory.h"

/// Reads the inventory file, at the start and whenever somebody says that it has changed.
namespace piman::manager {

/// Thread-safety: load() and reload() may be called from any thread; they take turns.
class InventoryLoader {
 public:
  /// `on_hosts` is told of every inventory that is taken. What is given must outlive the loader.
  InventoryLoader(Fleet& fleet, std::string file, Logger& log) : fleet_(fleet), file_(std::move(file)), log_(log) {}
  void on_hosts(std::function<void(const std::vector<Host>&)> listener);

  /// At start-up the good lines count: a fleet with one bad line is better watched than not.
  void load() PIMAN_EXCLUDES(mutex_);
  /// Later a file with any problem is refused as a whole: it may be half written. Errors: why the old one stays.
  Result<void> reload() PIMAN_EXCLUDES(mutex_);
  /// Why the file as it is now is not the inventory; empty when it is.
  std::string problem() const PIMAN_EXCLUDES(mutex_);
  const std::string& file() const { return file_; }

 private:
  Result<void> try_reload() PIMAN_REQUIRES(mutex_);
  void log_problems(const ParsedInventory& inventory);
  void take(std::vector<Host> hosts) PIMAN_REQUIRES(mutex_);

  Fleet& fleet_;
  const std::string file_;
  Logger& log_;
  mutable Mutex mutex_;
  std::vector<Host> hosts_ PIMAN_GUARDED_BY(mutex_);
  std::string problem_ PIMAN_GUARDED_BY(mutex_);
  std::function<void(const std::vector<Host>&)> listener_ PIMAN_GUARDED_BY(mutex_);
};

}  // namespace piman::manager
