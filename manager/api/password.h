// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"

/// Passwords as crypt(3) hashes them, slowly by design. The only user of libcrypt in the manager.
/// Thread-safety: safe.
namespace piman::manager::api {

inline constexpr std::size_t kMostPasswordBytes = 256;

/// A new hash with a salt of its own, by the method that crypt(3) prefers (yescrypt). Errors: the password is empty,
/// too long or holds a zero byte.
Result<std::string> hash_password(const std::string& password);
/// Whether the password belongs to the hash; false for what is no hash.
bool has_hash(const std::string& password, const std::string& hash);
/// Whether crypt(3) here knows the method of this hash, and it is none of the weak ones.
bool is_password_hash(const std::string& hash);

}  // namespace piman::manager::api
