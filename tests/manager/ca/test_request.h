// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

/// A node's side of the CA: a key and a request for a certificate, and what a verifier says.
namespace piman::manager::ca {

using TestKey = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
inline TestKey curve_key(const char* curve = "P-256") { return {EVP_EC_gen(curve), &EVP_PKEY_free}; }

/// Signed by `signer`, which is `key` for who is honest.
inline std::string request_of(EVP_PKEY* key, EVP_PKEY* signer, const char* name = "nobody") {
  const std::unique_ptr<X509_REQ, void (*)(X509_REQ*)> request(X509_REQ_new(), &X509_REQ_free);
  X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_REQ_set_pubkey(request.get(), key);
  X509_REQ_sign(request.get(), signer, EVP_sha256());
  const std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), &BIO_free);
  PEM_write_bio_X509_REQ(out.get(), request.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

/// X509_V_OK, or why a client that trusts `bundle`, with the lists in `lists` (none: empty), refuses the certificate.
inline int verified(const std::string& certificate, const std::string& bundle, const std::string& lists = {}) {
  const std::unique_ptr<X509_STORE, void (*)(X509_STORE*)> store(X509_STORE_new(), &X509_STORE_free);
  const auto bio = [](const std::string& text) {
    return std::unique_ptr<BIO, int (*)(BIO*)>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free);
  };
  const auto trusted = bio(bundle), revoked = bio(lists), own = bio(certificate);
  while (X509* one = PEM_read_bio_X509(trusted.get(), nullptr, nullptr, nullptr)) {
    X509_STORE_add_cert(store.get(), one);
    X509_free(one);
  }
  while (X509_CRL* one = PEM_read_bio_X509_CRL(revoked.get(), nullptr, nullptr, nullptr)) {
    X509_STORE_add_crl(store.get(), one);
    X509_CRL_free(one);
  }
  if (!lists.empty()) X509_STORE_set_flags(store.get(), X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  const std::unique_ptr<X509, void (*)(X509*)> leaf(PEM_read_bio_X509(own.get(), nullptr, nullptr, nullptr),
                                                    &X509_free);
  const std::unique_ptr<X509_STORE_CTX, void (*)(X509_STORE_CTX*)> context(X509_STORE_CTX_new(), &X509_STORE_CTX_free);
  X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), nullptr);
  X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_SERVER);
  X509_verify_cert(context.get());
  return X509_STORE_CTX_get_error(context.get());
}

}  // namespace piman::manager::ca
