// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/result.h"
#include "common/text.h"
#include "manager/ca/certificate.h"

/// OpenSSL's things with owners, for the two files of the CA that use it. No I/O.
namespace piman::manager::ca {

template <class Type, void (*release)(Type*)>
struct Release {
  void operator()(Type* thing) const { release(thing); }
};
inline void free_bio(BIO* bio) { BIO_free(bio); }
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<X509, X509_free>>;
using CertificateRequest = std::unique_ptr<X509_REQ, Release<X509_REQ, X509_REQ_free>>;
using Bio = std::unique_ptr<BIO, Release<BIO, free_bio>>;
using Number = std::unique_ptr<BIGNUM, Release<BIGNUM, BN_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Release<X509_EXTENSION, X509_EXTENSION_free>>;

inline tl::unexpected<Error> fail_openssl(std::string_view what) {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return fail(concat(what, ": ", reason == nullptr ? "unknown reason" : reason));
}

inline std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size <= 0 ? std::string() : std::string(data, static_cast<std::size_t>(size));
}
inline Bio bio_of(std::string_view text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

/// Instead of a question at the terminal.
inline int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) { return -1; }

inline Certificate read_certificate(std::string_view pem) {
  return Certificate(PEM_read_bio_X509(bio_of(pem).get(), nullptr, &no_passphrase, nullptr));
}

inline WallTime end_of(const X509* certificate) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

/// A CA that can sign.
struct Signer {
  Certificate certificate;
  Key key;
};
inline Result<Signer> read_signer(const Identity& authority) {
  Signer signer{read_certificate(authority.certificate), nullptr};
  if (!signer.certificate) return fail_openssl("reading the CA's certificate");
  signer.key.reset(PEM_read_bio_PrivateKey(bio_of(authority.key).get(), nullptr, &no_passphrase, nullptr));
  if (!signer.key) return fail_openssl("reading the CA's key");
  if (X509_check_private_key(signer.certificate.get(), signer.key.get()) != 1) {
    ERR_clear_error();
    return fail("the CA's key does not belong to its certificate");
  }
  return signer;
}

}  // namespace piman::manager::ca
