// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/http/web_config.h"
#include "common/mutex.h"
#include "common/sha256.h"

/// Who may ask: basic auth by bcrypt hashes, and bearer tokens. A hash takes a good part of a second on a small Pi, by
/// design. So what was checked once is remembered; hashes are taken one at a time; and those that come out wrong are
/// limited in number: guessing costs the machine no more than that, and whoever was let in before goes on being let in.
/// Thread-safety: check() may be called from several threads.
namespace piman::http {

enum class Admission { kAdmitted, kRefused, kBusy };

class Credentials {
 public:
  /// Whether the password belongs to the bcrypt hash. Called by one thread at a time.
  using Matches = std::function<bool(const std::string& password, const std::string& hash)>;

  static constexpr double kFailuresAtOnce = 10, kFailuresPerSecond = 1;

  /// At most `most_waiting` threads compute a hash or wait for their turn.
  Credentials(std::vector<BasicUser> users, std::vector<BearerToken> tokens, Matches matches, std::size_t most_waiting);

  /// `authorization` is the header's value; empty: none. kBusy: too many guesses are under way, or were wrong lately.
  Admission check(std::string_view authorization, SteadyTime now) PIMAN_EXCLUDES(mutex_, hashing_);

 private:
  Admission check_basic(std::string_view encoded, SteadyTime now) PIMAN_EXCLUDES(mutex_, hashing_);
  std::optional<Admission> remembered(const Sha256Digest& seen, std::size_t user) const PIMAN_REQUIRES(mutex_);
  std::optional<Admission> begin_guess(const Sha256Digest& seen, std::size_t user, SteadyTime now)
      PIMAN_EXCLUDES(mutex_);
  void end_guess(const Sha256Digest& seen, std::size_t user, bool right) PIMAN_EXCLUDES(mutex_);

  const std::vector<BasicUser> users_;
  const std::vector<BearerToken> tokens_;
  const Matches matches_;
  const std::size_t most_waiting_;
  const std::string salt_;  ///< so that what is remembered tells nothing about passwords by itself

  Mutex hashing_;  ///< held while a hash is computed
  Mutex mutex_;
  /// The right name and password of each user, when they came by; what was wrong, the oldest replaced first.
  std::vector<std::optional<Sha256Digest>> right_ PIMAN_GUARDED_BY(mutex_);
  std::array<std::optional<Sha256Digest>, 32> wrong_ PIMAN_GUARDED_BY(mutex_);
  std::size_t next_wrong_ PIMAN_GUARDED_BY(mutex_) = 0;
  std::size_t waiting_ PIMAN_GUARDED_BY(mutex_) = 0;
  double failures_left_ PIMAN_GUARDED_BY(mutex_) = kFailuresAtOnce;
  SteadyTime refilled_ PIMAN_GUARDED_BY(mutex_){};
};

/// RFC 4648 section 4, with its padding; nothing on anything else.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace piman::http
