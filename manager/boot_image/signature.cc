// SPDX-License-Identifier: Apache-2.0
#include "manager/boot_image/signature.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "common/text.h"
#include "common/unique_fd.h"

namespace piman::manager {
namespace {

constexpr std::size_t kMostKeyBytes = 64UL * 1024;
constexpr int kKeyBits = 2048;

template <class Type, void (*release)(Type*)>
struct Release {
  void operator()(Type* thing) const { release(thing); }
};
void free_bio(BIO* bio) { BIO_free(bio); }
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY, EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Release<EVP_PKEY_CTX, EVP_PKEY_CTX_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Release<EVP_MD_CTX, EVP_MD_CTX_free>>;
using Bio = std::unique_ptr<BIO, Release<BIO, free_bio>>;

/// What OpenSSL says of its last failure; its queue is empty afterwards.
std::string openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown reason" : reason;
}

std::string errno_text() { return std::strerror(errno); }

/// Bytes that are wiped when they go: a private key must not stay in freed memory.
struct Secret {
  Secret() : bytes(kMostKeyBytes + 1) {}
  ~Secret() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  std::vector<char> bytes;
  std::size_t size = 0;
};

Result<void> read_secret(const std::string& path, Secret& secret) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.valid()) return fail(concat("reading ", path, ": ", errno_text()));
  while (secret.size < secret.bytes.size()) {
    const ::ssize_t got = ::read(file.get(), secret.bytes.data() + secret.size, secret.bytes.size() - secret.size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(concat("reading ", path, ": ", errno_text()));
    if (got == 0) return {};
    secret.size += static_cast<std::size_t>(got);
  }
  return fail(concat("reading ", path, ": larger than ", kMostKeyBytes, " bytes, which no key is"));
}

/// Instead of a question at the terminal.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

enum class Half { kPrivate, kPublic };

Result<Key> read_key(const std::string& path, Half half) {
  Secret text;
  if (auto read = read_secret(path, text); !read) return fail(read.error().message);
  const Bio bio(BIO_new_mem_buf(text.bytes.data(), static_cast<int>(text.size)));
  bool has_passphrase = false;
  ERR_clear_error();
  Key key(half == Half::kPrivate ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, &has_passphrase)
                                 : PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, &has_passphrase));
  if (has_passphrase) {
    ERR_clear_error();
    return fail(concat(path, ": the key has a passphrase; `openssl rsa -in ", path, " -out FILE` makes one without"));
  }
  if (!key) {
    const std::string reason = openssl_error();
    return fail(half == Half::kPrivate
                    ? concat(path, ": no private key in PEM form (", reason, ")")
                    : concat(path, ": no public key in PEM form (", reason,
                             "); `openssl rsa -in PRIVATE.pem -pubout -out PUBLIC.pem` makes one of a private key"));
  }
  if (EVP_PKEY_is_a(key.get(), "RSA") != 1) return fail(concat(path, ": not an RSA key: bootloaders take no other"));
  if (const int bits = EVP_PKEY_get_bits(key.get()); bits != kKeyBits) {
    return fail(concat(path, ": an RSA key of ", bits, " bits: bootloaders take only ", kKeyBits));
  }
  return key;
}

/// For signing or verifying a SHA-256 digest with PKCS#1 v1.5 (RFC 8017 section 8.2).
KeyContext pkcs1_context(EVP_PKEY* key, int (*init)(EVP_PKEY_CTX*)) {
  KeyContext context(EVP_PKEY_CTX_new(key, nullptr));
  const bool ready = context && init(context.get()) == 1 &&
                     EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1 &&
                     EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) == 1;
  if (!ready) context.reset();
  return context;
}

}  // namespace

Result<Sha256> sha256_of_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.valid()) return fail(concat("reading ", path, ": ", errno_text()));
  const Digest digest(EVP_MD_CTX_new());
  if (!digest || EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) != 1) return fail(openssl_error());
  std::vector<unsigned char> buffer(256UL * 1024);
  std::uint64_t total = 0;
  for (;;) {
    const ::ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(concat("reading ", path, ": ", errno_text()));
    if (got == 0) break;
    total += static_cast<std::uint64_t>(got);
    if (total > kMostBootImageBytes) {
      return fail(
          concat(path, ": more than ", kMostBootImageBytes >> 20U, " MiB: bootloaders load no more into memory"));
    }
    if (EVP_DigestUpdate(digest.get(), buffer.data(), static_cast<std::size_t>(got)) != 1) return fail(openssl_error());
  }
  Sha256 sha256{};
  unsigned length = 0;
  if (EVP_DigestFinal_ex(digest.get(), sha256.data(), &length) != 1 || length != sha256.size()) {
    return fail(openssl_error());
  }
  return sha256;
}

Result<BootSignature> sign_boot_image(const std::string& image, const std::string& key_file, std::int64_t signed_at) {
  const auto key = read_key(key_file, Half::kPrivate);
  if (!key) return fail(key.error().message);
  const auto sha256 = sha256_of_file(image);
  if (!sha256) return fail(sha256.error().message);
  BootSignature signature;
  signature.sha256 = *sha256;
  signature.signed_at = signed_at;
  signature.rsa.resize(kRsaBytes);
  std::size_t length = signature.rsa.size();
  ERR_clear_error();
  const KeyContext context = pkcs1_context(key->get(), EVP_PKEY_sign_init);
  if (!context || EVP_PKEY_sign(context.get(), signature.rsa.data(), &length, sha256->data(), sha256->size()) != 1 ||
      length != kRsaBytes) {
    return fail(concat("signing ", image, " with ", key_file, ": ", openssl_error()));
  }
  return signature;
}

Result<void> verify_boot_image(const std::string& image, const BootSignature& signature, const std::string& key_file) {
  const auto key = read_key(key_file, Half::kPublic);
  if (!key) return fail(key.error().message);
  const auto sha256 = sha256_of_file(image);
  if (!sha256) return fail(sha256.error().message);
  if (*sha256 != signature.sha256) {
    return fail(concat(image, ": has the SHA-256 ", hex_of(sha256->data(), sha256->size()), ", was signed with ",
                       hex_of(signature.sha256.data(), signature.sha256.size()), ": it is cut short or was changed"));
  }
  if (signature.rsa.empty()) return fail(concat(image, ": the signature file has only a digest and no rsa2048 line"));
  ERR_clear_error();
  const KeyContext context = pkcs1_context(key->get(), EVP_PKEY_verify_init);
  const int verified = !context ? -1
                                : EVP_PKEY_verify(context.get(), signature.rsa.data(), signature.rsa.size(),
                                                  sha256->data(), sha256->size());
  ERR_clear_error();
  if (verified != 1) return fail(concat(image, ": was not signed with the private half of ", key_file));
  return {};
}

}  // namespace piman::manager
