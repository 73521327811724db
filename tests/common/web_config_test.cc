// SPDX-License-Identifier: Apache-2.0
#include "common/http/web_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/text.h"

namespace piman::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using ClientAuth = TlsSettings::ClientAuth;

constexpr std::string_view kHash = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";

ParsedWebConfig parse(std::string_view text) { return parse_web_config(text, "/etc/piman"); }
std::vector<std::string> problems(std::string_view text) { return parse(text).problems; }

TEST(WebConfig, NothingAskedForIsNothing) {
  for (const char* text : {"", "# c\n", "basic_auth_users:\n", "tls_server_config:\n", "basic_auth_users: {}\n"}) {
    const ParsedWebConfig parsed = parse(text);
    EXPECT_THAT(parsed.problems, IsEmpty()) << text;
    EXPECT_FALSE(parsed.config.tls) << text;
    EXPECT_FALSE(parsed.config.needs_credentials()) << text;
  }
}

TEST(WebConfig, AllOfIt) {
  const ParsedWebConfig parsed = parse(concat(R"(
tls_server_config:
  cert_file: server.crt
  key_file: /keys/server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: "ca.crt"
  client_allowed_sans:
    - prometheus.example
  min_version: TLS12
  max_version: TLS13
  cipher_suites:
    - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
    - TLS_AES_256_GCM_SHA384
  prefer_server_cipher_suites: false
  curve_preferences: [X25519, CurveP256]
http_server_config:
  http2: true
  headers:
    X-Frame-Options: deny
    Strict-Transport-Security: max-age=31536000
basic_auth_users:
  alice: )",
                                              kHash, R"(
  'bob smith': ')",
                                              kHash, R"('
bearer_tokens:
  backup: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
)"));
  ASSERT_THAT(parsed.problems, IsEmpty());
  const TlsSettings& tls = parsed.config.tls.value();
  EXPECT_EQ(tls.cert_file, "/etc/piman/server.crt");
  EXPECT_EQ(tls.key_file, "/keys/server.key");
  EXPECT_EQ(tls.client_ca_file, "/etc/piman/ca.crt");
  EXPECT_EQ(tls.client_auth, ClientAuth::kRequireAndVerify);
  EXPECT_THAT(tls.client_names, ElementsAre("prometheus.example"));
  EXPECT_TRUE(tls.allows_tls12 && tls.allows_tls13 && !tls.prefers_own_ciphers);
  EXPECT_EQ(tls.ciphers, "ECDHE-ECDSA-AES128-GCM-SHA256");
  EXPECT_EQ(tls.cipher_suites, "TLS_AES_256_GCM_SHA384");
  EXPECT_EQ(tls.groups, "X25519:P-256");
  EXPECT_THAT(parsed.config.headers, ElementsAre(testing::Pair("X-Frame-Options", "deny"),
                                                 testing::Pair("Strict-Transport-Security", "max-age=31536000")));
  ASSERT_EQ(parsed.config.users.size(), 2U);
  EXPECT_EQ(parsed.config.users[1].name, "bob smith");
  EXPECT_EQ(parsed.config.users[1].bcrypt_hash, kHash);
  ASSERT_EQ(parsed.config.tokens.size(), 1U);
  EXPECT_EQ(parsed.config.tokens[0].digest, sha256("abc"));
}

TEST(WebConfig, WithoutChoicesOnlyForwardSecrecyIsSpoken) {
  const TlsSettings tls = parse("tls_server_config:\n  cert_file: a\n  key_file: b\n").config.tls.value();
  EXPECT_EQ(tls.ciphers,
            "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
            "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305");
  EXPECT_EQ(tls.cipher_suites, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
}

TEST(WebConfig, RefusesWithLineAndReason) {
  const auto tls = [](std::string_view line) {
    return concat("tls_server_config:\n  cert_file: a\n  key_file: b\n  ", line, "\n");
  };
  const std::pair<std::string, std::string> refused[] = {
      {"tls_config:\n", "line 1: unknown key \"tls_config\""},
      {tls("ca_file: x"), "line 4: tls_server_config: unknown key \"ca_file\""},
      {tls("min_version: TLS11"), "line 4: min_version: TLS11 is broken"},
      {tls("min_version: TLS10"), "TLS10 is broken"},
      {tls("min_version: 1.2"), "\"1.2\" is neither TLS12 nor TLS13"},
      {tls("min_version: TLS13\n  max_version: TLS12"), "min_version is above max_version"},
      {tls("cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA]"), "no forward secrecy"},
      {tls("curve_preferences: [P256]"), "\"P256\" is none of"},
      {tls("client_auth_type: yes"), "\"yes\" is none of"},
      {tls("client_auth_type: RequireAndVerifyClientCert"), "client_ca_file must be set"},
      {tls("client_ca_file: ca"), "verifies nothing"},
      {tls("client_allowed_sans: [x]"), "needs a client_auth_type that verifies"},
      {tls("client_allowed_sans: [10.0.0.1]"), "is no DNS name"},
      {tls("prefer_server_cipher_suites: yes"), "is not true or false"},
      {tls("cipher_suites: x"), "must be a list"},
      {"tls_server_config:\n  key_file: b\n", "line 1: tls_server_config: cert_file must be set"},
      {"tls_server_config: {}\n", "key_file must be set"},
      {"tls_server_config: x\n", "must hold keys and values"},
      {"http_server_config:\n  headers:\n    Set-Cookie: x\n", "line 3: headers: \"Set-Cookie\" is none"},
      {"http_server_config:\n  http3: true\n", "unknown key \"http3\""},
      {"basic_auth_users:\n  alice: secret\n",
       "line 2: basic_auth_users: the password of \"alice\" must be a bcrypt hash"},
      {"basic_auth_users:\n  alice: $2y$31$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG\n",
       "a cost that is not"},
      {concat("basic_auth_users:\n  'a:b': ", kHash, "\n"), "no name of a user"},
      {concat("basic_auth_users:\n  a: ", kHash, "\n  a: ", kHash, "\n"), "set twice"},
      {"bearer_tokens:\n  backup: secret\n", "line 2: bearer_tokens: of \"backup\" must be the SHA-256"},
  };
  for (const auto& [text, words] : refused) {
    EXPECT_THAT(problems(text), testing::Contains(HasSubstr(words))) << text;
  }
}

TEST(WebConfig, AMessageNeverHoldsASecret) {
  for (const char* text : {"basic_auth_users:\n  alice: hunter2\n", "bearer_tokens:\n  backup: hunter2\n"}) {
    for (const std::string& problem : problems(text)) EXPECT_EQ(problem.find("hunter2"), std::string::npos) << problem;
  }
}

TEST(WebConfig, ReportsAllProblems) {
  EXPECT_EQ(problems("tls_server_config:\n  min_version: x\n  a: b\nc: d\n").size(), 5U);
}

}  // namespace
}  // namespace piman::http
