// SPDX-License-Identifier: Apache-2.0
#include "manager/images/sha256.h"

#include <openssl/evp.h>

#include <array>

#include "common/check.h"

namespace piman::manager {

struct Sha256Sum::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
};

// libcrypto fails here only without memory, and where a policy of the machine forbids SHA-256: nothing to go on with.
Sha256Sum::Sha256Sum() : state_(std::make_unique<State>()) {
  PIMAN_CHECK(state_->context != nullptr && EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1);
}
Sha256Sum::~Sha256Sum() { EVP_MD_CTX_free(state_->context); }

void Sha256Sum::add(std::string_view bytes) {
  PIMAN_CHECK(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

std::string Sha256Sum::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  PIMAN_CHECK(EVP_DigestFinal_ex(state_->context, digest.data(), &size) == 1 && size == 32);
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text += kDigits[digest[i] >> 4U];
    text += kDigits[digest[i] & 15U];
  }
  return text;
}

}  // namespace piman::manager
