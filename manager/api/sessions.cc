// SPDX-License-Identifier: Apache-2.0
#include "manager/api/sessions.h"

#include <algorithm>
#include <utility>

#include "common/clock.h"
#include "manager/api/api_token.h"

namespace piman::manager::api {
namespace {

constexpr std::size_t kMostAddresses = 4096;
/// A hash of nothing that anybody can know: names that are not there take as long as those that are.
constexpr const char* kNobodysHash = "$y$j9T$PMnL1CUhh/tOWQLnC3uye.$DsJYO7jEkRiYwInpAqRWGX4yrv8QNyJqtoWMQq1L4i.";

}  // namespace

double Sessions::refilled(const Bucket& bucket, double most, double per_second, SteadyTime now) {
  return std::min(most, bucket.left + to_seconds(now - bucket.filled) * per_second);
}

bool Sessions::may_try(const std::string& from, SteadyTime now) {
  const MutexLock lock(mutex_);
  if (refilled(all_failures_, kAllFailuresAtOnce, kAllFailuresPerSecond, now) < 1) return false;
  const auto found = failures_.find(from);
  return found == failures_.end() || refilled(found->second, kFailuresAtOnce, kFailuresPerSecond, now) >= 1;
}

void Sessions::count_failure(const std::string& from, SteadyTime now) {
  const MutexLock lock(mutex_);
  all_failures_ = {refilled(all_failures_, kAllFailuresAtOnce, kAllFailuresPerSecond, now) - 1, now};
  if (failures_.size() >= kMostAddresses) {
    std::erase_if(failures_, [now](const auto& each) {
      return refilled(each.second, kFailuresAtOnce, kFailuresPerSecond, now) >= kFailuresAtOnce;
    });
    if (failures_.size() >= kMostAddresses) failures_.erase(failures_.begin());
  }
  const auto [entry, is_new] = failures_.try_emplace(from, Bucket{kFailuresAtOnce, now});
  entry->second = {refilled(entry->second, kFailuresAtOnce, kFailuresPerSecond, now) - 1, now};
}

Sessions::Begun Sessions::begin(std::string user, Role role, SteadyTime now) {
  Begun begun{random_word(), {std::move(user), role, random_word()}};
  const MutexLock lock(mutex_);
  if (sessions_.size() >= kMost) {
    const auto oldest = std::min_element(sessions_.begin(), sessions_.end(),
                                         [](const auto& a, const auto& b) { return a.second.used < b.second.used; });
    sessions_.erase(oldest);
  }
  sessions_.emplace(begun.cookie, Entry{begun.session, now, now});
  return begun;
}

tl::expected<Sessions::Begun, LoginError> Sessions::login(const std::string& user, const std::string& password,
                                                          const std::string& from, SteadyTime now) {
  std::optional<User> found;
  {
    const MutexLock hashing(hashing_);
    // Behind the lock, so that those who waited for it count what went wrong before them.
    if (!may_try(from, now)) return tl::unexpected<LoginError>(LoginError::kTooMany);
    for (User& each : parts_.users()) {
      if (each.name == user) found = std::move(each);
    }
    const bool is_right = parts_.matches(password, found ? found->hash : kNobodysHash);
    if (!is_right) found.reset();
    if (!found) count_failure(from, now);
  }
  if (!found) return tl::unexpected<LoginError>(LoginError::kWrong);
  return begin(found->name, found->role, now);
}

tl::expected<Sessions::Begun, LoginError> Sessions::login_with_token(std::string_view token, const std::string& from,
                                                                     SteadyTime now) {
  if (!may_try(from, now)) return tl::unexpected<LoginError>(LoginError::kTooMany);
  if (is_same_secret(token, parts_.token)) return begin({}, Role::kOperator, now);
  count_failure(from, now);
  return tl::unexpected<LoginError>(LoginError::kWrong);
}

std::optional<Session> Sessions::find(std::string_view cookie, SteadyTime now) {
  const MutexLock lock(mutex_);
  const auto found = sessions_.find(std::string(cookie));
  if (found == sessions_.end()) return std::nullopt;
  if (now - found->second.began > kLongest || now - found->second.used > kIdle) {
    sessions_.erase(found);
    return std::nullopt;
  }
  found->second.used = now;
  return found->second.session;
}

void Sessions::end(std::string_view cookie) {
  const MutexLock lock(mutex_);
  sessions_.erase(std::string(cookie));
}

bool Sessions::has_users() {
  const MutexLock hashing(hashing_);
  return !parts_.users().empty();
}

}  // namespace piman::manager::api
