// SPDX-License-Identifier: Apache-2.0
#include "common/http/bcrypt.h"

#include <dlfcn.h>

#include <cstring>
#include <string>

#include "common/sha256.h"
#include "common/text.h"

namespace piman::http {
namespace {

constexpr const char* kLibrary = "libcrypt.so.1";

/// crypt_rn() of libxcrypt, whose header is not needed to build. It wants room of this size, zeroed at first.
using CryptRn = char* (*)(const char* phrase, const char* setting, void* data, int size);
constexpr std::size_t kCryptDataBytes = 32'768;

}  // namespace

Result<Credentials::Matches> load_bcrypt() {
  void* const handle = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return fail(concat("basic_auth_users need ", kLibrary, " (package libcrypt1): ", ::dlerror()));
  void* const found = ::dlsym(handle, "crypt_rn");
  if (found == nullptr) return fail(concat("basic_auth_users need crypt_rn() of ", kLibrary, ", which has none"));
  CryptRn crypt_rn = nullptr;
  std::memcpy(&crypt_rn, &found, sizeof found);  // POSIX promises it; ISO C++ has no cast for it
  return Credentials::Matches([crypt_rn](const std::string& password, const std::string& hash) {
    std::string data(kCryptDataBytes, '\0');  // goes with this call: it holds what the password was
    const char* const made = crypt_rn(password.c_str(), hash.c_str(), data.data(), static_cast<int>(data.size()));
    const bool right = made != nullptr && equal_in_constant_time(sha256(made), sha256(hash));
    ::explicit_bzero(data.data(), data.size());
    return right;
  });
}

}  // namespace piman::http
