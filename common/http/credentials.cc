// SPDX-License-Identifier: Apache-2.0
#include "common/http/credentials.h"

#include <sys/random.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "common/text.h"

namespace piman::http {
namespace {

constexpr std::size_t kMostCredentialBytes = 1024;

std::string random_salt() {
  std::string salt(16, '\0');
  // Only a kernel that has just booted has none yet; then the digests are unsalted, in a memory that nobody reads.
  if (::getrandom(salt.data(), salt.size(), GRND_NONBLOCK) < 0) salt.clear();
  return salt;
}

/// What follows "SCHEME " in the header; nothing when that is another scheme.
std::optional<std::string_view> after_scheme(std::string_view header, std::string_view scheme) {
  if (header.size() <= scheme.size() || header[scheme.size()] != ' ') return std::nullopt;
  if (!equals_ignoring_case(header.substr(0, scheme.size()), scheme)) return std::nullopt;
  return trim(header.substr(scheme.size()));
}

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(padding);
  std::string out;
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int value = base64_value(text[i]);
    if (value < 0) return std::nullopt;
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    // After 2, 3 and 4 characters another byte is whole.
    if (i % 4 != 0) out += static_cast<char>(bits >> (6U - 2U * (i % 4)) & 0xFFU);
  }
  return out;
}

Credentials::Credentials(std::vector<BasicUser> users, std::vector<BearerToken> tokens, Matches matches,
                         std::size_t most_waiting)
    : users_(std::move(users)),
      tokens_(std::move(tokens)),
      matches_(std::move(matches)),
      most_waiting_(most_waiting),
      salt_(random_salt()),
      right_(users_.size()) {}

Admission Credentials::check(std::string_view authorization, SteadyTime now) {
  if (authorization.size() > kMostCredentialBytes) return Admission::kRefused;
  if (const auto token = after_scheme(authorization, "Bearer")) {
    const Sha256Digest digest = sha256(*token);
    bool known = false;
    for (const BearerToken& each : tokens_) known |= equal_in_constant_time(each.digest, digest);
    return known ? Admission::kAdmitted : Admission::kRefused;
  }
  if (const auto encoded = after_scheme(authorization, "Basic"); encoded && !users_.empty()) {
    return check_basic(*encoded, now);
  }
  return Admission::kRefused;
}

Admission Credentials::check_basic(std::string_view encoded, SteadyTime now) {
  const auto decoded = decode_base64(encoded);
  // crypt(3) would end at a NUL, and so take a part of the password for the whole.
  if (!decoded || decoded->find('\0') != std::string::npos) return Admission::kRefused;
  std::string_view password = *decoded;
  const std::string name(next_until(password, ':'));
  const auto found =
      std::find_if(users_.begin(), users_.end(), [&](const BasicUser& each) { return each.name == name; });
  const auto user = static_cast<std::size_t>(found - users_.begin());
  const Sha256Digest seen = sha256(concat(salt_, *decoded));
  if (const auto answer = begin_guess(seen, user, now)) return *answer;
  bool right = false;
  {
    const MutexLock turn(hashing_);
    // For a user that there is not the same time is spent: else names could be found out.
    const BasicUser& compared = found == users_.end() ? users_.front() : *found;
    right = matches_(std::string(password), compared.bcrypt_hash) && found != users_.end();
  }
  end_guess(seen, user, right);
  return right ? Admission::kAdmitted : Admission::kRefused;
}

std::optional<Admission> Credentials::remembered(const Sha256Digest& seen, std::size_t user) const {
  if (user < right_.size() && right_[user] && equal_in_constant_time(*right_[user], seen)) return Admission::kAdmitted;
  const bool known = std::any_of(wrong_.begin(), wrong_.end(),
                                 [&](const auto& each) { return each && equal_in_constant_time(*each, seen); });
  return known ? std::optional(Admission::kRefused) : std::nullopt;
}

/// The answer when it can be given without a hash; else one of those that may be computed is taken.
std::optional<Admission> Credentials::begin_guess(const Sha256Digest& seen, std::size_t user, SteadyTime now) {
  const MutexLock lock(mutex_);
  if (const auto answer = remembered(seen, user)) return answer;
  const double seconds = refilled_ == SteadyTime{} ? 0 : std::max(0.0, to_seconds(now - refilled_));
  refilled_ = now;
  failures_left_ = std::min(kFailuresAtOnce, failures_left_ + seconds * kFailuresPerSecond);
  if (waiting_ >= most_waiting_ || failures_left_ < 1) return Admission::kBusy;
  failures_left_ -= 1;  // given back when it was right
  ++waiting_;
  return std::nullopt;
}

void Credentials::end_guess(const Sha256Digest& seen, std::size_t user, bool right) {
  const MutexLock lock(mutex_);
  --waiting_;
  if (right) {
    right_[user] = seen;
    failures_left_ = std::min(kFailuresAtOnce, failures_left_ + 1);
    return;
  }
  wrong_[next_wrong_] = seen;
  next_wrong_ = (next_wrong_ + 1) % wrong_.size();
}

}  // namespace piman::http
