// SPDX-License-Identifier: Apache-2.0
#include "common/http/tls_library.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <type_traits>

/// The library is called by declarations of our own: they have to be those of OpenSSL's headers.
namespace piman::http {
namespace {

#define SAME(name) static_assert(std::is_same_v<decltype(&::name), decltype(TlsLibrary::name)>)
SAME(TLS_server_method);
SAME(SSL_CTX_new);
SAME(SSL_CTX_free);
SAME(SSL_CTX_up_ref);
SAME(SSL_new);
SAME(SSL_CTX_ctrl);
SAME(SSL_CTX_set_options);
SAME(SSL_CTX_set_cipher_list);
SAME(SSL_CTX_set_ciphersuites);
SAME(SSL_CTX_use_certificate_chain_file);
SAME(SSL_CTX_use_PrivateKey_file);
SAME(SSL_CTX_check_private_key);
SAME(SSL_CTX_load_verify_locations);
SAME(SSL_load_client_CA_file);
SAME(SSL_CTX_set_client_CA_list);
SAME(SSL_CTX_set_verify);
SAME(SSL_CTX_set_session_id_context);
SAME(SSL_CTX_set_ex_data);
SAME(SSL_CTX_get_ex_data);
SAME(SSL_CTX_get0_param);
SAME(X509_VERIFY_PARAM_add1_host);
SAME(X509_VERIFY_PARAM_set_hostflags);
SAME(ERR_get_error);
SAME(ERR_reason_error_string);
SAME(ERR_clear_error);
#undef SAME

static_assert(openssl::kControlMode == SSL_CTRL_MODE);
static_assert(openssl::kControlSessionCache == SSL_CTRL_SET_SESS_CACHE_MODE && SSL_SESS_CACHE_OFF == 0);
static_assert(openssl::kControlGroups == SSL_CTRL_SET_GROUPS_LIST);
static_assert(openssl::kControlMinVersion == SSL_CTRL_SET_MIN_PROTO_VERSION);
static_assert(openssl::kControlMaxVersion == SSL_CTRL_SET_MAX_PROTO_VERSION);
static_assert(openssl::kTls12 == TLS1_2_VERSION && openssl::kTls13 == TLS1_3_VERSION);
static_assert(openssl::kMovingBuffers == SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
static_assert(openssl::kReleaseBuffers == SSL_MODE_RELEASE_BUFFERS);
static_assert(openssl::kNoCompression == SSL_OP_NO_COMPRESSION);
static_assert(openssl::kOwnOrder == SSL_OP_CIPHER_SERVER_PREFERENCE);
static_assert(openssl::kNoRenegotiation == SSL_OP_NO_RENEGOTIATION);
static_assert(openssl::kVerifyPeer == SSL_VERIFY_PEER);
static_assert(openssl::kVerifyAndInsist == (SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT));
static_assert(openssl::kPem == SSL_FILETYPE_PEM);
static_assert(openssl::kNoWildcards == X509_CHECK_FLAG_NO_WILDCARDS);
static_assert(openssl::kNeverCheckSubject == X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);

TEST(TlsLibrary, IsFoundWithAllItsFunctions) {
  const Result<TlsLibrary>& library = tls_library();
  ASSERT_TRUE(library) << library.error().message;
  EXPECT_NE(library->SSL_new, nullptr);
  EXPECT_EQ(&tls_library(), &library) << "loaded once";
}

}  // namespace
}  // namespace piman::http
