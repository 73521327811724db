// SPDX-License-Identifier: Apache-2.0
#include "manager/watch/outbox.h"

#include <algorithm>
#include <utility>

#include "common/http_date.h"
#include "common/text.h"

namespace piman::watch {

using manager::NoticeRecord;
using manager::WatchChanges;
using std::chrono::milliseconds;

std::string_view to_string(Notifier notifier) {
  constexpr std::array<std::string_view, kNotifierCount> kWords = {"slack", "alertmanager", "webhook"};
  return kWords[static_cast<std::size_t>(notifier)];
}

std::string_view to_string(Delivery delivery) {
  constexpr std::array<std::string_view, kDeliveryCount> kWords = {"sent", "failed", "rate_limited", "refused",
                                                                   "dropped"};
  return kWords[static_cast<std::size_t>(delivery)];
}

Delivery judge(int status) {
  if (status >= 200 && status < 300) return Delivery::kSent;
  switch (status) {
    case 429:
      return Delivery::kRateLimited;
    // It is this message that it does not like. Of 401, 403, 404 and 410 the address is the cause, and that can be
    // mended while the message waits.
    case 400:
    case 413:
    case 415:
    case 422:
      return Delivery::kRefused;
    default:
      return Delivery::kFailed;
  }
}

std::optional<milliseconds> retry_after(std::string_view value, WallTime now) {
  value = trim(value);
  if (const auto seconds = parse_number<std::uint32_t>(value)) return std::chrono::seconds(*seconds);
  if (const auto date = http::parse_http_date(value)) {
    return std::max(std::chrono::duration_cast<milliseconds>(*date - now), milliseconds(0));
  }
  return std::nullopt;
}

void Outbox::add(const std::vector<NoticeRecord>& notices, Moment now, WatchChanges& out) {
  for (NoticeRecord notice : notices) {
    notice.owed &= notifiers_;
    if (notice.owed == 0) {
      out.gone_notices.push_back(notice.id);
      continue;
    }
    for (std::size_t i = 0; i < kNotifierCount; ++i) {
      const auto notifier = static_cast<Notifier>(i);
      if ((notice.owed & bit_of(notifier)) == 0) continue;
      Line& to = line(notifier);
      if (!to.waiting_since) to.waiting_since = now.steady;
      if (notice.kind == NoticeRecord::Kind::kTest) {  // somebody waits for it
        to.waiting_since = now.steady - limits_.gather;
        to.not_before = to.quiet_until = now.steady;
      }
    }
    notices_.push_back(std::move(notice));
  }
  while (notices_.size() > limits_.most_notices) {
    const NoticeRecord& oldest = notices_.front();
    for (std::size_t i = 0; i < kNotifierCount; ++i) {
      if ((oldest.owed & bit_of(static_cast<Notifier>(i))) != 0) {
        ++lines_[i].told.counts[static_cast<std::size_t>(Delivery::kDropped)];
      }
    }
    out.gone_notices.push_back(oldest.id);
    notices_.pop_front();
  }
}

std::optional<std::vector<NoticeRecord>> Outbox::take(Notifier notifier, Moment now, bool always) {
  Line& to = line(notifier);
  if ((notifiers_ & bit_of(notifier)) == 0 || to.is_busy || now.steady < to.not_before) return std::nullopt;
  if (!always) {
    if (!to.waiting_since) return std::nullopt;
    // Alertmanager gathers by itself.
    const bool gathers = notifier != Notifier::kAlertmanager;
    if (gathers && (now.steady < *to.waiting_since + limits_.gather || now.steady < to.quiet_until)) {
      return std::nullopt;
    }
  }
  std::vector<NoticeRecord> owed;
  for (const NoticeRecord& notice : notices_) {
    if ((notice.owed & bit_of(notifier)) != 0) owed.push_back(notice);
  }
  to.under_way.clear();
  for (const NoticeRecord& notice : owed) to.under_way.push_back(notice.id);
  to.is_busy = true;
  to.waiting_since.reset();  // of what comes from now on
  return owed;
}

void Outbox::strike(Notifier notifier, WatchChanges& out) {
  const std::vector<std::uint64_t> ids = std::exchange(line(notifier).under_way, {});
  for (NoticeRecord& notice : notices_) {
    if (!std::binary_search(ids.begin(), ids.end(), notice.id)) continue;
    notice.owed &= ~bit_of(notifier);
    if (notice.owed == 0) {
      out.gone_notices.push_back(notice.id);
    } else {
      out.notices.push_back(notice);
    }
  }
  std::erase_if(notices_, [](const NoticeRecord& notice) { return notice.owed == 0; });
}

milliseconds Outbox::back_off(std::uint32_t failures) const {
  milliseconds wait = limits_.first_retry;
  for (std::uint32_t i = 1; i < failures && wait < limits_.longest_retry; ++i) wait *= 2;
  return std::min(wait, limits_.longest_retry);
}

void Outbox::finish(Notifier notifier, Delivery delivery, std::string_view error, std::optional<milliseconds> wait,
                    Moment now, WatchChanges& out) {
  Line& to = line(notifier);
  if (!to.is_busy) return;
  to.is_busy = false;
  ++to.told.counts[static_cast<std::size_t>(delivery)];
  to.refusals = delivery == Delivery::kRefused ? to.refusals + 1 : 0;
  if (delivery == Delivery::kSent) {
    if (!to.under_way.empty()) to.told.last_sent_id = std::max(to.told.last_sent_id, to.under_way.back());
    to.told.last_sent = now.wall;
    to.told.failing_since.reset();
    to.told.last_error.clear();
    to.failures = 0;
    to.not_before = now.steady;
    to.quiet_until = now.steady + limits_.pause;
    strike(notifier, out);
    return;
  }
  ++to.failures;
  to.told.last_error = error;
  if (!to.told.failing_since) to.told.failing_since = now.wall;
  to.not_before =
      now.steady + std::max(back_off(to.failures), std::min(wait.value_or(milliseconds(0)), limits_.longest_wait));
  if (to.refusals >= limits_.most_refusals && !to.under_way.empty()) {
    // Else what it does not like would be in the way of everything that comes after it.
    to.told.counts[static_cast<std::size_t>(Delivery::kDropped)] += to.under_way.size();
    to.refusals = 0;
    strike(notifier, out);
  }
  to.under_way.clear();
  const bool is_owed = std::any_of(notices_.begin(), notices_.end(),
                                   [&](const NoticeRecord& notice) { return (notice.owed & bit_of(notifier)) != 0; });
  // What was gathered once is not gathered again: it is due when the pause is over.
  to.waiting_since = is_owed ? std::optional(now.steady - limits_.gather) : std::nullopt;
}

NotifierState Outbox::state(Notifier notifier, Moment now) const {
  const Line& to = line(notifier);
  NotifierState state = to.told;
  state.is_on = (notifiers_ & bit_of(notifier)) != 0;
  state.queued = static_cast<std::size_t>(std::count_if(
      notices_.begin(), notices_.end(), [&](const auto& notice) { return (notice.owed & bit_of(notifier)) != 0; }));
  const SteadyTime next = std::max(to.not_before, to.quiet_until);
  if (next > now.steady) state.next_try = std::chrono::ceil<milliseconds>(next - now.steady);
  return state;
}

}  // namespace piman::watch
