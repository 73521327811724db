// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <optional>
#include <thread>

#include "common/prom_text.h"
#include "manager/inventory_loader.h"

/// Notices when the inventory file has changed and has it loaded: also when it was replaced, or stands on a network
/// file system, which tells nobody. A file that is still being written is left alone until it rests.
namespace piman::manager {

/// Decides when. Pure.
class FileRest {
 public:
  using Mark = std::optional<struct ::stat>;  ///< nothing: no such file

  explicit FileRest(const Mark& loaded) : loaded_(loaded), seen_(loaded) {}
  /// Called at each look with what the file is now: true when it has changed and was the same at the look before.
  bool is_due(const Mark& now);

 private:
  Mark loaded_, seen_;
};

/// Appends piman_inventory_valid. Safe to call from any thread.
void write_inventory_metrics(prom_text::Writer& out, const InventoryLoader& loader);

/// Runs one thread until destruction, which takes a few milliseconds.
class InventoryWatch {
 public:
  static constexpr std::chrono::milliseconds kEvery{1000};

  /// `loader` must outlive the watch. `loaded` is what mark() was before the inventory was loaded.
  InventoryWatch(InventoryLoader& loader, const FileRest::Mark& loaded);
  static FileRest::Mark mark(const std::string& path);

 private:
  std::jthread thread_;
};

}  // namespace piman::manager
