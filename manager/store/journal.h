// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "common/mutex.h"
#include "common/result.h"
#include "manager/store/records.h"

/// The journal as it is asked for: what happened after an id, at once, while it is still on its way to the disk.
namespace piman::manager {

struct JournalSettings {
  std::size_t most_entries = 20'000;
  std::chrono::milliseconds longest_age{90L * 86'400'000};
  std::size_t most_in_memory = 4096;  ///< the newest, so that whoever follows waits for no disk
};

struct JournalQuery {
  std::optional<std::uint64_t> since;  ///< what came after this id; nothing: the newest
  std::size_t most = 100;
  std::vector<std::string> kinds, subjects;  ///< one of these; empty: any

  bool wants(const JournalEntry& entry) const;
};

struct JournalPage {
  std::vector<JournalEvent> events;  ///< oldest first
  std::uint64_t last = 0;            ///< the newest id that there is, asked for or not
  /// Where to go on: `last`, or the last one given where `most` cut the answer off.
  std::uint64_t next = 0;
};

/// Where older events are. Thread-safety: called from any thread.
class JournalArchive {
 public:
  virtual ~JournalArchive() = default;
  /// Returns at once; may be on the disk late.
  virtual void write(JournalEvent event) = 0;
  /// Of the events with ids below `before` those that `query` wants, oldest first: its first `most` ones where it has a
  /// `since`, else its last ones. Waits for the disk.
  virtual Result<std::vector<JournalEvent>> read(const JournalQuery& query, std::uint64_t before) = 0;
};

/// Ids grow from event to event, over restarts too, and have gaps. Texts are cut to a bounded length.
/// Thread-safety: all methods may be called from any thread.
class Journal {
 public:
  /// `last_id`: no id up to this one is given again. Without an archive it remembers what it has in memory.
  Journal(const JournalSettings& settings, std::uint64_t last_id, JournalArchive* archive);

  void append(JournalEntry entry) PIMAN_EXCLUDES(mutex_);
  /// A `since` above all ids comes from a journal that is no more: it means the beginning of this one.
  /// Errors: the archive's.
  Result<JournalPage> read(const JournalQuery& query) const PIMAN_EXCLUDES(mutex_);
  std::uint64_t last_id() const PIMAN_EXCLUDES(mutex_);
  /// Waits until there is an event after `id`, at most so long; whether there is.
  bool wait_beyond(std::uint64_t id, std::chrono::milliseconds most) const PIMAN_EXCLUDES(mutex_);

 private:
  const JournalSettings settings_;
  JournalArchive* const archive_;
  mutable Mutex mutex_;
  mutable ConditionVariable grown_;
  std::deque<JournalEvent> recent_ PIMAN_GUARDED_BY(mutex_);  ///< oldest first
  std::uint64_t last_id_ PIMAN_GUARDED_BY(mutex_);
};

}  // namespace piman::manager
