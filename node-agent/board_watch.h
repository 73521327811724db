// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/host_files.h"
#include "common/host_paths.h"
#include "common/mutex.h"
#include "common/result.h"
#include "node-agent/collector.h"
#include "node-agent/device_tree.h"
#include "node-agent/event_ring.h"
#include "node-agent/firmware_mailbox.h"
#include "node-agent/kernel_log.h"
#include "node-agent/throttle_tracker.h"

namespace piman::agent {

/// How the firmware holds the board back, by condition.
struct ThrottleState {
  struct Condition {
    ThrottleCondition condition;
    bool level = false;
    std::uint64_t events = 0;  ///< onsets since the agent started
  };
  std::vector<Condition> conditions;  ///< empty: this board can't tell
};

/// What the kernel's log held so far.
struct KernelLogState {
  std::array<std::uint64_t, kKernelMessageKinds> counts{};
  std::uint64_t lost = 0;
  bool since_boot = false;        ///< nothing was lost
  bool unclean_shutdown = false;  ///< a file system had to be recovered when the machine came up
};

/// What collectors and the events page ask together: the firmware's mailbox, and counters that both the scrapes and the
/// poller between them move on. Whoever looks, a change is counted once and stands in the ring once.
/// Thread-safety: all methods may be called from any thread.
class BoardWatch {
 public:
  /// `started` and `now` are when the agent starts.
  BoardWatch(const HostPaths& paths, std::unique_ptr<FirmwareMailbox> mailbox, WallTime started, SteadyTime now);

  /// Nothing when this is no Raspberry Pi.
  const std::optional<BoardIdentity>& identity() const { return identity_; }
  FirmwareMailbox& mailbox() { return *mailbox_; }
  const EventRing& events() const { return events_; }
  /// The kernel's name for this boot; empty when unknown.
  const std::string& boot_id() const { return boot_id_; }

  /// Errors: there is a source, and it can't be read.
  Result<ThrottleState> look_at_throttling(SteadyTime now);
  /// Nothing while the log can't be read, and until all that it had at the start was read.
  std::optional<KernelLogState> look_at_kernel_log(SteadyTime now);
  /// Nothing when the mounts can't be read.
  std::optional<bool> look_at_root(SteadyTime now);

  enum class NextPoll : std::uint8_t {
    kNever,     ///< there is nothing here to look at
    kInAWhile,  ///< the firmware's state has to be asked for
    kOnEvent,   ///< the kernel tells when there is something new: see wait_for_event()
  };
  /// Somebody is going to poll: what the log had at the start is read there, and no scrape waits for it.
  void leave_first_reading_to_poll();
  /// Whether that is still to come.
  bool first_reading_is_due();
  /// All three, and what is worth another poll.
  NextPoll poll(SteadyTime now);
  /// Blocks until the kernel's log or the mounts have something new since the last poll(), or `stop` is readable.
  /// For the thread that polls.
  void wait_for_event(int stop);

 private:
  enum class Source : std::uint8_t { kUnknown, kMailbox, kAlarm };

  void drain_kernel_log(SteadyTime now) PIMAN_REQUIRES(mutex_);
  /// The throttled word, or what the under-voltage alarm says of its lowest bit.
  Result<std::optional<std::uint32_t>> read_throttled_word() PIMAN_REQUIRES(mutex_);
  std::optional<bool> read_alarm() PIMAN_REQUIRES(mutex_);
  void report(const std::vector<ThrottleTracker::Change>& changes, SteadyTime now) PIMAN_REQUIRES(mutex_);

  const HostPaths paths_;
  const std::unique_ptr<FirmwareMailbox> mailbox_;
  const std::optional<BoardIdentity> identity_;
  const std::string boot_id_;
  EventRing events_;

  // Held over the reads themselves: the readers, with what they remember, are what it guards.
  Mutex mutex_;
  KernelLog log_ PIMAN_GUARDED_BY(mutex_);
  KernelLogState log_state_ PIMAN_GUARDED_BY(mutex_);
  bool log_readable_ PIMAN_GUARDED_BY(mutex_) = false;
  bool log_caught_up_ PIMAN_GUARDED_BY(mutex_) = false;
  bool first_reading_by_poll_ PIMAN_GUARDED_BY(mutex_) = false;
  std::size_t under_voltage_messages_ PIMAN_GUARDED_BY(mutex_) = 0;  ///< that the tracker has not heard of
  Source source_ PIMAN_GUARDED_BY(mutex_) = Source::kUnknown;
  ThrottleTracker tracker_ PIMAN_GUARDED_BY(mutex_);
  std::optional<HostFile> alarm_ PIMAN_GUARDED_BY(mutex_);
  HostFile mounts_ PIMAN_GUARDED_BY(mutex_);
  /// The same file again: what waits for its changes. Each descriptor is told a change once.
  UniqueFd mounts_changes_ PIMAN_GUARDED_BY(mutex_);
  std::optional<bool> root_read_only_ PIMAN_GUARDED_BY(mutex_);
};

/// The context's, or one of the collector's own where a test makes it alone.
std::shared_ptr<BoardWatch> board_watch_of(const CollectorContext& context);

/// Whether the topmost file system on / is mounted read-only; nothing when there is none in `mounts`. Pure.
std::optional<bool> parse_root_read_only(std::string_view mounts);

}  // namespace piman::agent
