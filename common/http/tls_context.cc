// SPDX-License-Identifier: Apache-2.0
#include "common/http/tls_context.h"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "common/text.h"

namespace piman::http {
namespace {

using ClientAuth = TlsSettings::ClientAuth;

using namespace openssl;

constexpr unsigned kExactNames = kNoWildcards | kNeverCheckSubject;
constexpr std::array<unsigned char, 5> kSessionContext = {'p', 'i', 'm', 'a', 'n'};

/// The first reason that OpenSSL noted; the others follow from it.
std::string reason(const TlsLibrary& library) {
  const unsigned long code = library.ERR_get_error();
  const char* const words = code == 0 ? nullptr : library.ERR_reason_error_string(code);
  library.ERR_clear_error();
  return words == nullptr ? "no reason is known" : words;
}

Result<void> check_file(std::string_view key, const std::string& path, bool is_secret) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) {
    return fail(concat(key, ": ", path, ": ", std::generic_category().message(errno)));
  }
  if (!S_ISREG(found.st_mode)) return fail(concat(key, ": ", path, ": not a regular file"));
  if (is_secret && (found.st_mode & (S_IROTH | S_IWOTH)) != 0) {
    return fail(concat(key, ": ", path, ": every user of this machine can read or write it; chmod 640"));
  }
  return {};
}

/// Takes whatever certificate there is, for client_auth_types that only want to see one.
int accept_any(int /*verified*/, x509_store_ctx_st* /*context*/) { return 1; }

Result<void> take_identity(const TlsLibrary& library, ssl_ctx_st* context, const TlsSettings& settings) {
  if (auto found = check_file("cert_file", settings.cert_file, false); !found) return found;
  if (auto found = check_file("key_file", settings.key_file, true); !found) return found;
  if (library.SSL_CTX_use_certificate_chain_file(context, settings.cert_file.c_str()) != 1) {
    return fail(concat("cert_file: ", settings.cert_file, ": no certificate in PEM: ", reason(library)));
  }
  if (library.SSL_CTX_use_PrivateKey_file(context, settings.key_file.c_str(), kPem) != 1) {
    return fail(concat("key_file: ", settings.key_file, ": no key of that certificate: ", reason(library)));
  }
  if (library.SSL_CTX_check_private_key(context) != 1) {
    return fail(concat("key_file: ", settings.key_file, ": does not belong to ", settings.cert_file));
  }
  return {};
}

Result<void> take_clients(const TlsLibrary& library, ssl_ctx_st* context, const TlsSettings& settings) {
  const ClientAuth auth = settings.client_auth;
  if (auth == ClientAuth::kNone) return {};
  const bool insists = auth == ClientAuth::kRequireAny || auth == ClientAuth::kRequireAndVerify;
  const bool verifies = auth == ClientAuth::kVerifyIfGiven || auth == ClientAuth::kRequireAndVerify;
  library.SSL_CTX_set_verify(context, insists ? kVerifyAndInsist : kVerifyPeer, verifies ? nullptr : &accept_any);
  if (!verifies) return {};
  const std::string& file = settings.client_ca_file;
  if (auto found = check_file("client_ca_file", file, false); !found) return found;
  if (library.SSL_CTX_load_verify_locations(context, file.c_str(), nullptr) != 1) {
    return fail(concat("client_ca_file: ", file, ": no certificates in PEM: ", reason(library)));
  }
  // Tells clients that have several certificates which one is meant. The context owns the list from here on.
  library.SSL_CTX_set_client_CA_list(context, library.SSL_load_client_CA_file(file.c_str()));
  if (settings.client_names.empty()) return {};
  X509_VERIFY_PARAM_st* const rules = library.SSL_CTX_get0_param(context);
  library.X509_VERIFY_PARAM_set_hostflags(rules, kExactNames);
  for (const std::string& name : settings.client_names) {
    if (library.X509_VERIFY_PARAM_add1_host(rules, name.data(), name.size()) != 1) {
      return fail(concat("client_allowed_sans: ", quote(name), " can't be compared"));
    }
  }
  return {};
}

Result<void> set_protocol(const TlsLibrary& library, ssl_ctx_st* context, const TlsSettings& settings) {
  const long least = settings.allows_tls12 ? kTls12 : kTls13;
  const long most = settings.allows_tls13 ? kTls13 : kTls12;
  if (library.SSL_CTX_ctrl(context, kControlMinVersion, least, nullptr) != 1 ||
      library.SSL_CTX_ctrl(context, kControlMaxVersion, most, nullptr) != 1) {
    return fail("min_version, max_version: OpenSSL speaks none of these here");
  }
  std::string groups = settings.groups;
  if (library.SSL_CTX_set_cipher_list(context, settings.ciphers.c_str()) != 1 ||
      library.SSL_CTX_set_ciphersuites(context, settings.cipher_suites.c_str()) != 1 ||
      (!groups.empty() && library.SSL_CTX_ctrl(context, kControlGroups, 0, groups.data()) != 1)) {
    return fail(concat("cipher_suites, curve_preferences: OpenSSL has none of these here: ", reason(library)));
  }
  library.SSL_CTX_set_options(context,
                              kNoCompression | kNoRenegotiation | (settings.prefers_own_ciphers ? kOwnOrder : 0));
  // A write that must wait is repeated from another buffer; idle connections hold no buffers.
  library.SSL_CTX_ctrl(context, kControlMode, kMovingBuffers | kReleaseBuffers, nullptr);
  // Sessions are resumed by tickets alone: nothing is kept for clients. Their key goes with the context, so that who
  // was let in by an old certificate is looked at anew.
  library.SSL_CTX_ctrl(context, kControlSessionCache, 0, nullptr);
  library.SSL_CTX_set_session_id_context(context, kSessionContext.data(), kSessionContext.size());
  return {};
}

Result<TlsContext> new_context(const TlsLibrary& library) {
  library.ERR_clear_error();
  TlsContext context(library.SSL_CTX_new(library.TLS_server_method()), library.SSL_CTX_free);
  if (!context) return fail(concat("OpenSSL can't be used: ", reason(library)));
  return context;
}

}  // namespace

Result<TlsContext> make_tls_context(const TlsLibrary& library, const TlsSettings& settings) {
  auto context = new_context(library);
  if (!context) return context;
  for (const auto step : {&set_protocol, &take_identity, &take_clients}) {
    if (auto taken = step(library, context->get(), settings); !taken) return tl::unexpected<Error>(taken.error());
  }
  return context;
}

Result<TlsContext> make_empty_tls_context(const TlsLibrary& library, void* owner) {
  auto context = new_context(library);
  if (context) library.SSL_CTX_set_ex_data(context->get(), 0, owner);
  return context;
}

void* tls_owner(const TlsLibrary& library, const ssl_ctx_st* context) {
  return library.SSL_CTX_get_ex_data(context, 0);
}

}  // namespace piman::http
