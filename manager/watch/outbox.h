// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manager/store/watch_records.h"
#include "manager/watch/alert_book.h"

/// What is still to be told to whom, and when it is tried (again). Pure. Messages leave it only when their receiver has
/// taken them, when it refuses them for good, or, oldest first, when there are too many.
namespace piman::watch {

enum class Notifier : std::uint8_t { kSlack, kAlertmanager, kWebhook };
inline constexpr std::size_t kNotifierCount = 3;
/// "slack", "alertmanager", "webhook".
std::string_view to_string(Notifier notifier);
inline std::uint32_t bit_of(Notifier notifier) { return 1U << static_cast<std::uint32_t>(notifier); }

/// What came of one attempt. The text is the metric label.
enum class Delivery : std::uint8_t {
  kSent,
  kFailed,       ///< nobody there, or an error of the receiver: tried again
  kRateLimited,  ///< it asked to wait: tried again
  kRefused,      ///< it will never take this message; after some tries it is given up
  kDropped,      ///< given up, or pushed out by newer ones
};
inline constexpr std::size_t kDeliveryCount = 5;
std::string_view to_string(Delivery delivery);

/// Pure: what an answer means. `status` 0: there was none.
Delivery judge(int status);
/// What a Retry-After header says (RFC 9110 section 10.2.3): seconds, or a date. Nothing when it is neither.
std::optional<std::chrono::milliseconds> retry_after(std::string_view value, WallTime now);

struct OutboxLimits {
  std::size_t most_notices = 1000;
  std::chrono::milliseconds gather{20'000}, pause{60'000};
  std::chrono::milliseconds first_retry{1'000}, longest_retry{300'000}, longest_wait{3'600'000};
  std::uint32_t most_refusals = 3;
};

/// How one notifier does.
struct NotifierState {
  bool is_on = false;
  std::array<std::uint64_t, kDeliveryCount> counts{};  ///< attempts; for kDropped notices
  std::size_t queued = 0;
  std::optional<WallTime> last_sent, failing_since;
  std::string last_error;                 ///< empty: the last attempt went well
  std::uint64_t last_sent_id = 0;         ///< every notice up to this one was taken
  std::chrono::milliseconds next_try{0};  ///< from now; 0: at once, or when there is something
};

/// Thread-safety: none.
class Outbox {
 public:
  Outbox(const OutboxLimits& limits, std::uint32_t notifiers) : limits_(limits), notifiers_(notifiers) {}

  /// New notices, or those of before a restart. What nobody is owed (any more), and what is too much, goes into `out`.
  void add(const std::vector<manager::NoticeRecord>& notices, Moment now, manager::WatchChanges& out);

  /// What this notifier is to be sent now; nothing: not yet. An attempt is under way then, until finish(). `always`:
  /// also without notices, for who is told of states and not of changes.
  std::optional<std::vector<manager::NoticeRecord>> take(Notifier notifier, Moment now, bool always = false);
  /// The attempt that take() began is over. `wait`: the receiver asks for so much patience.
  void finish(Notifier notifier, Delivery delivery, std::string_view error,
              std::optional<std::chrono::milliseconds> wait, Moment now, manager::WatchChanges& out);

  NotifierState state(Notifier notifier, Moment now) const;
  const std::deque<manager::NoticeRecord>& notices() const { return notices_; }

 private:
  struct Line {
    std::vector<std::uint64_t> under_way;
    bool is_busy = false;
    std::uint32_t failures = 0, refusals = 0;
    SteadyTime not_before{};   ///< after a failure
    SteadyTime quiet_until{};  ///< after a message
    std::optional<SteadyTime> waiting_since;
    NotifierState told;
  };

  Line& line(Notifier notifier) { return lines_[static_cast<std::size_t>(notifier)]; }
  const Line& line(Notifier notifier) const { return lines_[static_cast<std::size_t>(notifier)]; }
  void strike(Notifier notifier, manager::WatchChanges& out);
  std::chrono::milliseconds back_off(std::uint32_t failures) const;

  const OutboxLimits limits_;
  const std::uint32_t notifiers_;
  std::deque<manager::NoticeRecord> notices_;
  std::array<Line, kNotifierCount> lines_;
};

}  // namespace piman::watch
