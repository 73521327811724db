// SPDX-License-Identifier: Apache-2.0
#include "manager/api/password.h"

#include <crypt.h>

#include <cstring>
#include <memory>

#include "common/text.h"

namespace piman::manager::api {
namespace {

/// Empty on failure. The data is large, and held passwords: it is on the heap and wiped.
std::string crypted(const std::string& password, const std::string& setting) {
  struct Wiped {
    void operator()(crypt_data* data) const {
      ::explicit_bzero(data, sizeof *data);
      delete data;
    }
  };
  const std::unique_ptr<crypt_data, Wiped> data(new crypt_data{});
  const char* hash = ::crypt_rn(password.c_str(), setting.c_str(), data.get(), sizeof *data);
  return hash == nullptr ? std::string() : std::string(hash);
}

}  // namespace

Result<std::string> hash_password(const std::string& password) {
  if (password.empty()) return fail("the password is empty");
  if (password.size() > kMostPasswordBytes) {
    return fail(concat("the password is longer than ", kMostPasswordBytes, " bytes"));
  }
  if (password.find('\0') != std::string::npos) return fail("the password holds a zero byte");
  char setting[CRYPT_GENSALT_OUTPUT_SIZE] = {};
  if (::crypt_gensalt_rn(nullptr, 0, nullptr, 0, setting, sizeof setting) == nullptr) {
    return fail("crypt(3) here can make no salt");
  }
  std::string hash = crypted(password, setting);
  if (hash.empty()) return fail("crypt(3) here can't hash passwords");
  return hash;
}

bool has_hash(const std::string& password, const std::string& hash) {
  if (password.size() > kMostPasswordBytes || password.find('\0') != std::string::npos) return false;
  const std::string again = crypted(password, hash);
  if (again.empty() || again.size() != hash.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < hash.size(); ++i) difference |= static_cast<unsigned char>(again[i] ^ hash[i]);
  return difference == 0;
}

bool is_password_hash(const std::string& hash) {
  const bool is_strong = hash.starts_with("$y$") || hash.starts_with("$gy$") || hash.starts_with("$7$") ||
                         hash.starts_with("$2b$") || hash.starts_with("$2y$") || hash.starts_with("$2a$") ||
                         hash.starts_with("$6$");
  constexpr std::size_t kLeastBytes = 40;  // the method and a salt alone are no hash
  return is_strong && hash.size() >= kLeastBytes && ::crypt_checksalt(hash.c_str()) == CRYPT_SALT_OK;
}

}  // namespace piman::manager::api
