// SPDX-License-Identifier: Apache-2.0
#include "common/http/tls_library.h"

#include <dlfcn.h>

#include <cstring>
#include <string>

#include "common/text.h"

namespace piman::http {
namespace {

Result<TlsLibrary> load() {
  // libssl brings libcrypto along, and dlsym() looks into both.
  void* const handle = ::dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return fail(concat("TLS needs OpenSSL 3 (package libssl3): ", ::dlerror()));
  TlsLibrary library;
  std::string missing;
  const auto find = [&](auto& function, const char* name) {
    void* const found = ::dlsym(handle, name);
    if (found == nullptr) missing += concat(missing.empty() ? "" : ", ", name);
    std::memcpy(&function, &found, sizeof found);  // POSIX promises it; ISO C++ has no cast for it
  };
#define PIMAN_FIND(name) find(library.name, #name)
  PIMAN_FIND(TLS_server_method);
  PIMAN_FIND(SSL_CTX_new);
  PIMAN_FIND(SSL_CTX_free);
  PIMAN_FIND(SSL_CTX_up_ref);
  PIMAN_FIND(SSL_new);
  PIMAN_FIND(SSL_CTX_ctrl);
  PIMAN_FIND(SSL_CTX_set_options);
  PIMAN_FIND(SSL_CTX_set_cipher_list);
  PIMAN_FIND(SSL_CTX_set_ciphersuites);
  PIMAN_FIND(SSL_CTX_use_certificate_chain_file);
  PIMAN_FIND(SSL_CTX_use_PrivateKey_file);
  PIMAN_FIND(SSL_CTX_check_private_key);
  PIMAN_FIND(SSL_CTX_load_verify_locations);
  PIMAN_FIND(SSL_load_client_CA_file);
  PIMAN_FIND(SSL_CTX_set_client_CA_list);
  PIMAN_FIND(SSL_CTX_set_verify);
  PIMAN_FIND(SSL_CTX_set_session_id_context);
  PIMAN_FIND(SSL_CTX_set_ex_data);
  PIMAN_FIND(SSL_CTX_get_ex_data);
  PIMAN_FIND(SSL_CTX_get0_param);
  PIMAN_FIND(X509_VERIFY_PARAM_add1_host);
  PIMAN_FIND(X509_VERIFY_PARAM_set_hostflags);
  PIMAN_FIND(ERR_get_error);
  PIMAN_FIND(ERR_reason_error_string);
  PIMAN_FIND(ERR_clear_error);
#undef PIMAN_FIND
  if (!missing.empty()) return fail(concat("TLS needs OpenSSL 3; the libssl.so.3 here lacks ", missing));
  return library;
}

}  // namespace

const Result<TlsLibrary>& tls_library() {
  static const Result<TlsLibrary> library = load();
  return library;
}

}  // namespace piman::http
