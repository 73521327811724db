// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/result.h"

// As declared in OpenSSL 3's headers, which are not needed to build: a test that has them compares each declaration.
extern "C" {
struct ssl_st;
struct ssl_ctx_st;
struct ssl_method_st;
struct x509_store_ctx_st;
struct X509_VERIFY_PARAM_st;
struct stack_st_X509_NAME;
}

/// The functions of OpenSSL 3 that are called here, found when TLS is asked for: an agent without TLS neither loads nor
/// needs it. The only place that knows its names.
namespace piman::http {

struct TlsLibrary {
  const ssl_method_st* (*TLS_server_method)() = nullptr;
  ssl_ctx_st* (*SSL_CTX_new)(const ssl_method_st*) = nullptr;
  void (*SSL_CTX_free)(ssl_ctx_st*) = nullptr;
  int (*SSL_CTX_up_ref)(ssl_ctx_st*) = nullptr;
  ssl_st* (*SSL_new)(ssl_ctx_st*) = nullptr;
  long (*SSL_CTX_ctrl)(ssl_ctx_st*, int, long, void*) = nullptr;
  std::uint64_t (*SSL_CTX_set_options)(ssl_ctx_st*, std::uint64_t) = nullptr;
  int (*SSL_CTX_set_cipher_list)(ssl_ctx_st*, const char*) = nullptr;
  int (*SSL_CTX_set_ciphersuites)(ssl_ctx_st*, const char*) = nullptr;
  int (*SSL_CTX_use_certificate_chain_file)(ssl_ctx_st*, const char*) = nullptr;
  int (*SSL_CTX_use_PrivateKey_file)(ssl_ctx_st*, const char*, int) = nullptr;
  int (*SSL_CTX_check_private_key)(const ssl_ctx_st*) = nullptr;
  int (*SSL_CTX_load_verify_locations)(ssl_ctx_st*, const char*, const char*) = nullptr;
  stack_st_X509_NAME* (*SSL_load_client_CA_file)(const char*) = nullptr;
  void (*SSL_CTX_set_client_CA_list)(ssl_ctx_st*, stack_st_X509_NAME*) = nullptr;
  void (*SSL_CTX_set_verify)(ssl_ctx_st*, int, int (*)(int, x509_store_ctx_st*)) = nullptr;
  int (*SSL_CTX_set_session_id_context)(ssl_ctx_st*, const unsigned char*, unsigned int) = nullptr;
  int (*SSL_CTX_set_ex_data)(ssl_ctx_st*, int, void*) = nullptr;
  void* (*SSL_CTX_get_ex_data)(const ssl_ctx_st*, int) = nullptr;
  X509_VERIFY_PARAM_st* (*SSL_CTX_get0_param)(ssl_ctx_st*) = nullptr;
  int (*X509_VERIFY_PARAM_add1_host)(X509_VERIFY_PARAM_st*, const char*, std::size_t) = nullptr;
  void (*X509_VERIFY_PARAM_set_hostflags)(X509_VERIFY_PARAM_st*, unsigned int) = nullptr;
  unsigned long (*ERR_get_error)() = nullptr;
  const char* (*ERR_reason_error_string)(unsigned long) = nullptr;
  void (*ERR_clear_error)() = nullptr;
};

/// Of OpenSSL's headers, too.
namespace openssl {
inline constexpr int kControlMode = 33, kControlSessionCache = 44, kControlGroups = 92, kControlMinVersion = 123,
                     kControlMaxVersion = 124;
inline constexpr long kTls12 = 0x0303, kTls13 = 0x0304;
inline constexpr long kMovingBuffers = 2, kReleaseBuffers = 16;
inline constexpr std::uint64_t kNoCompression = 1U << 17U, kOwnOrder = 1U << 22U, kNoRenegotiation = 1U << 30U;
inline constexpr int kVerifyPeer = 1, kVerifyAndInsist = 3;
inline constexpr int kPem = 1;
inline constexpr unsigned kNoWildcards = 0x2, kNeverCheckSubject = 0x20;
}  // namespace openssl

/// Loads it at the first call; it then stays for as long as the program runs. Errors: it can't be loaded.
/// Thread-safety: may be called from any thread.
const Result<TlsLibrary>& tls_library();

}  // namespace piman::http
