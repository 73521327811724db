// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/clock.h"
#include "common/mutex.h"
#include "common/result.h"
#include "manager/api/users_file.h"

/// Who is logged in. A session is a random word that a browser keeps in a cookie which no script can read, and a second
/// one that the page sends with each change, so that no other page can make it do so. Sessions end with the process.
/// Thread-safety: safe.
namespace piman::manager::api {

struct Session {
  std::string user;  ///< empty: whoever had the server's token
  Role role = Role::kViewer;
  std::string csrf;
};

enum class LoginError : std::uint8_t {
  kWrong,    ///< no such name, or another password
  kTooMany,  ///< too many wrong ones lately
};

class Sessions {
 public:
  /// Whether the password belongs to the hash: takes its time.
  using Matches = std::function<bool(const std::string& password, const std::string& hash)>;
  /// Reads the users anew when their file changed; nothing: there are none. Called by one thread at a time.
  using Users = std::function<std::vector<User>()>;

  static constexpr std::chrono::hours kLongest{24};  ///< a session, whatever is done with it
  static constexpr std::chrono::hours kIdle{8};      ///< without a request
  static constexpr std::size_t kMost = 1000;
  static constexpr double kFailuresAtOnce = 5, kFailuresPerSecond = 0.1;       ///< of one address
  static constexpr double kAllFailuresAtOnce = 50, kAllFailuresPerSecond = 1;  ///< of all of them

  struct Parts {
    Users users;
    Matches matches;
    std::string token;  ///< the server's; who has it is an operator
  };
  explicit Sessions(Parts parts) : parts_(std::move(parts)) {}

  struct Begun {
    std::string cookie;
    Session session;
  };
  /// `from` is the address of whoever asks: wrong passwords are counted for it.
  tl::expected<Begun, LoginError> login(const std::string& user, const std::string& password, const std::string& from,
                                        SteadyTime now) PIMAN_EXCLUDES(mutex_, hashing_);
  tl::expected<Begun, LoginError> login_with_token(std::string_view token, const std::string& from, SteadyTime now)
      PIMAN_EXCLUDES(mutex_);
  /// The session of a cookie; nothing: it is none, or ended.
  std::optional<Session> find(std::string_view cookie, SteadyTime now) PIMAN_EXCLUDES(mutex_);
  void end(std::string_view cookie) PIMAN_EXCLUDES(mutex_);
  /// Whether anybody can log in by name.
  bool has_users() PIMAN_EXCLUDES(hashing_);

 private:
  struct Entry {
    Session session;
    SteadyTime began, used;
  };
  struct Bucket {
    double left = 0;
    SteadyTime filled{};
  };
  static double refilled(const Bucket& bucket, double most, double per_second, SteadyTime now);
  bool may_try(const std::string& from, SteadyTime now) PIMAN_EXCLUDES(mutex_);
  void count_failure(const std::string& from, SteadyTime now) PIMAN_EXCLUDES(mutex_);
  Begun begin(std::string user, Role role, SteadyTime now) PIMAN_EXCLUDES(mutex_);

  const Parts parts_;
  Mutex hashing_;  ///< held while the users are read and a hash is computed: one at a time
  Mutex mutex_;
  std::unordered_map<std::string, Entry> sessions_ PIMAN_GUARDED_BY(mutex_);
  std::map<std::string, Bucket> failures_ PIMAN_GUARDED_BY(mutex_);  ///< by address; those that are full are left out
  Bucket all_failures_ PIMAN_GUARDED_BY(mutex_){kAllFailuresAtOnce, {}};
};

}  // namespace piman::manager::api
