// SPDX-License-Identifier: Apache-2.0
#include "manager/inventory_watch.h"

#include "common/mutex.h"

namespace piman::manager {
namespace {

bool is_same(const FileRest::Mark& a, const FileRest::Mark& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
         a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

}  // namespace

bool FileRest::is_due(const Mark& now) {
  const bool rests = is_same(now, seen_);
  seen_ = now;
  if (!rests || is_same(now, loaded_)) return false;
  loaded_ = now;
  return true;
}

void write_inventory_metrics(prom_text::Writer& out, const InventoryLoader& loader) {
  static const prom_text::Family kValid{
      "piman_inventory_valid", prom_text::Type::kGauge,
      "Whether the inventory file is what is watched (1), or has problems so that an older state is (0)."};
  out.single(kValid, loader.problem().empty() ? 1.0 : 0.0);
}

FileRest::Mark InventoryWatch::mark(const std::string& path) {
  struct ::stat status {};
  return ::stat(path.c_str(), &status) == 0 ? FileRest::Mark(status) : std::nullopt;
}

InventoryWatch::InventoryWatch(InventoryLoader& loader, const FileRest::Mark& loaded)
    : thread_([&loader, rest = FileRest(loaded)](const std::stop_token& stop) mutable {
        Mutex mutex;
        ConditionVariable stopped;
        while (!stop.stop_requested()) {
          if (rest.is_due(mark(loader.file()))) (void)loader.reload();  // it logs what is wrong
          const MutexLock lock(mutex);
          stopped.wait_for(mutex, stop, kEvery, [] { return false; });
        }
      }) {}

}  // namespace piman::manager
