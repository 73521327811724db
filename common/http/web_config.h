// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/http_types.h"
#include "common/sha256.h"

/// The web configuration file of the Prometheus exporters (`--web.config.file`): TLS and who may ask. Read strictly: a
/// key that is not understood is a problem, for a protection that was asked for and is not there is worse than none.
/// Pure. Source: github.com/prometheus/exporter-toolkit, docs/web-configuration.md; `bearer_tokens` is our own.
namespace piman::http {

struct TlsSettings {
  enum class ClientAuth : std::uint8_t { kNone, kRequest, kRequireAny, kVerifyIfGiven, kRequireAndVerify };
  std::string cert_file, key_file;  ///< PEM; the certificate with what it is signed by
  std::string client_ca_file;       ///< empty: none
  ClientAuth client_auth = ClientAuth::kNone;
  std::vector<std::string> client_names;  ///< DNS names, one of which a client's certificate must have; empty: any
  bool allows_tls12 = true, allows_tls13 = true;
  bool prefers_own_ciphers = true;
  std::string ciphers;        ///< of TLS 1.2, in OpenSSL's names
  std::string cipher_suites;  ///< of TLS 1.3
  std::string groups;         ///< of the key exchange; empty: OpenSSL's choice
};

struct BasicUser {
  std::string name, bcrypt_hash;
};
struct BearerToken {
  std::string name;
  Sha256Digest digest;  ///< of the token
};

struct WebConfig {
  std::optional<TlsSettings> tls;
  std::vector<BasicUser> users;
  std::vector<BearerToken> tokens;
  Headers headers;  ///< sent with every answer

  bool needs_credentials() const { return !users.empty() || !tokens.empty(); }
};

struct ParsedWebConfig {
  WebConfig config;
  std::vector<std::string> problems;  ///< "line 3: ..."; the configuration is unusable if any
};

inline constexpr std::size_t kMostWebConfigBytes = 64UL * 1024;

/// `folder` is what relative paths in it are relative to.
ParsedWebConfig parse_web_config(std::string_view text, const std::string& folder);

}  // namespace piman::http
